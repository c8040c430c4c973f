import json
from typing import Any

import pytest

from domain.errors import Unreadable
from domain.identities import DEV_EUI
from domain.rejections import Reason
from ingest.dialects.chirpstack.reports import decode_chirpstack
from ingest.dialects.messages import Uplink
from tests.golden import golden

EUI = "a840419edb62011c"


def event(**changes: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(golden("chirpstack/lht65n.json"))
    loaded.update(changes)
    return {key: value for key, value in loaded.items() if value is not ...}


def decode(document: object) -> Uplink:
    [report] = decode_chirpstack(document, EUI)
    assert isinstance(report, Uplink)
    return report


def test_a_real_uplink_gives_its_decoded_fields_and_the_link() -> None:
    assert decode(event()) == Uplink(
        "chirpstack",
        {"BatV": 3.297, "rssi": -102.0, "snr": -12.0},
        identity=DEV_EUI.of(EUI),
        observed_at_ms=1787841584530,
        message_id="80166477-0000-4000-8000-000000000001",
    )


def test_the_link_is_that_of_the_gateway_that_heard_best() -> None:
    heard = [{"rssi": -80, "snr": -3}, {"rssi": -97, "snr": 4.5}, {"rssi": -95, "snr": 4.5}, {"snr": 9}, "?"]
    assert decode(event(rxInfo=heard)).fields == {"BatV": 3.297, "rssi": -95.0, "snr": 4.5}


def test_an_snr_of_zero_is_left_out_by_the_server_and_put_back() -> None:
    assert decode(event(rxInfo=[{"rssi": -95}])).fields["snr"] == 0.0
    assert "snr" not in decode(event(rxInfo=[{"rssi": -95}], txInfo={"modulation": {"fsk": {}}})).fields


def test_what_the_device_decodes_as_rssi_is_kept() -> None:
    assert decode(event(object={"rssi": -1})).fields == {"rssi": -1, "snr": -12.0}


def test_nested_fields_get_dotted_names() -> None:
    decoded = {"temperatureSensor": {"1": 23.5}, "levels": [1, 2], "empty": {}}
    assert decode(event(object=decoded, rxInfo=[])).fields == {
        "temperatureSensor.1": 23.5, "levels.0": 1, "levels.1": 2, "empty": {},
    }  # fmt: skip


def test_without_a_deduplication_id_the_frame_counter_identifies_and_zero_may_be_left_out() -> None:
    assert decode(event(deduplicationId=..., fCnt=7)).message_id == 7
    assert decode(event(deduplicationId=..., fCnt=...)).message_id == 0


def test_a_frame_without_payload_tells_of_its_link_only() -> None:
    assert decode(event(object=..., data=...)).fields == {"rssi": -102.0, "snr": -12.0}


@pytest.mark.parametrize("time", ["yesterday", "2026-08-27T14:39:44", 7, {"a": 1}])
def test_a_time_that_is_none_is_passed_on_as_text_for_normalising_to_refuse(time: object) -> None:
    assert isinstance(decode(event(time=time)).observed_at_ms, str)


def test_without_a_time_the_device_has_none() -> None:
    assert decode(event(time=...)).observed_at_ms is None


NO_UPLINKS = {
    "an array": ([], Reason.UNPARSEABLE, "deviceInfo"),
    "a ChirpStack v3 uplink": ({"applicationID": "1", "devEUI": EUI, "objectJSON": "{}"}, Reason.UNPARSEABLE, "v3"),
    "a payload that nothing decoded": (event(object=...), Reason.UNPARSEABLE, "no payload codec"),
    "an object that is none": (event(object="{}"), Reason.UNPARSEABLE, "`object` must be"),
    "an object that nests too deep": (
        event(object=json.loads('{"a":' * 20 + "1" + "}" * 20)),
        Reason.UNPARSEABLE,
        "nests",
    ),
    "a field twice": (event(object={"a.b": 1, "a": {"b": 2}}), Reason.UNPARSEABLE, "'a.b' twice"),
    "another device": (event(deviceInfo={"devEui": "0101010101010101"}), Reason.UNAUTHORISED, "another device"),
}


@pytest.mark.parametrize(("document", "reason", "detail"), NO_UPLINKS.values(), ids=NO_UPLINKS.keys())
def test_what_is_no_uplink_of_the_topics_device_is_refused(document: object, reason: Reason, detail: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode_chirpstack(document, EUI)
    assert caught.value.reason is reason
    assert detail in caught.value.detail
