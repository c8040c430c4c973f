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
SERVER_MS = 1787841584530


def event(**changes: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(golden("chirpstack/lht65n.json"))
    loaded.update(changes)
    return {key: value for key, value in loaded.items() if value is not ...}


def decode(document: object, received_at_ms: int = SERVER_MS + 400) -> Uplink:
    [report] = decode_chirpstack(document, EUI, received_at_ms)
    assert isinstance(report, Uplink)
    return report


def test_a_real_uplink_gives_its_decoded_fields_and_the_link() -> None:
    assert decode(event()) == Uplink(
        "chirpstack",
        {"BatV": 3.297, "rssi": -102.0, "snr": -12.0},
        identity=DEV_EUI.of(EUI),
        observed_at_ms=1787841584530,
        message_id="0-18400c96b27373db",
        time_source="network_server",
        unreadable=[],
    )


def test_the_link_is_that_of_the_gateway_that_heard_best() -> None:
    heard = [{"rssi": -80, "snr": -3}, {"rssi": -97, "snr": 4.5}, {"rssi": -95, "snr": 4.5}, {"snr": 9}]
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


def test_a_frame_delivered_again_is_the_same_whatever_it_is_called() -> None:
    again = event(deduplicationId="another", time="2026-08-27T14:40:00Z", rxInfo=[{"nsTime": "2026-08-27T14:40:00Z"}])
    assert decode(again).message_id == decode(event()).message_id == decode(event(fCnt=...)).message_id


@pytest.mark.parametrize("changes", [{"fCnt": 1}, {"data": "zOE="}, {"devAddr": "01087300"}])
def test_another_counter_address_or_payload_is_another_frame(changes: dict[str, Any]) -> None:
    assert decode(event(**changes)).message_id != decode(event()).message_id


def test_without_an_address_the_deduplication_id_identifies_then_the_counter() -> None:
    nameless = event(devAddr=..., fCnt=7)
    assert (decode(nameless).message_id, decode(nameless).time_source) == ("80166477-0000-4000-8000-000000000001", None)
    assert decode({**nameless, "deduplicationId": ""}).message_id == 7


def test_a_frame_without_payload_tells_of_its_link_only() -> None:
    assert decode(event(object=..., data=...)).fields == {"rssi": -102.0, "snr": -12.0}


def received_by(*gateways: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"gatewayId": name, "gwTime": own, "nsTime": server, "rssi": -97} for name, own, server in gateways]


def test_the_time_is_the_network_servers_first_and_a_gateways_only_where_it_agrees() -> None:
    receptions = received_by(
        ("a", "2026-08-25T14:39:44Z", "2026-08-27T14:39:45Z"), ("b", "1980-01-06T00:00:00Z", "2026-08-27T14:39:44Z")
    )
    found = decode(event(rxInfo=receptions, time="2026-08-25T14:39:44Z"))
    assert found.observed_at_ms == SERVER_MS - 530
    assert found.clock_differences_ms == {"a": -172_800_000, "b": -1471876784000}
    receptions[1]["gwTime"] = "2026-08-27T14:39:43.900Z"
    assert decode(event(rxInfo=receptions)).observed_at_ms == SERVER_MS - 630


def test_the_events_own_time_is_a_gateways() -> None:
    found = decode(event(time="1980-01-06T00:00:00Z"))
    assert (found.observed_at_ms, found.clock_differences_ms) == (SERVER_MS, {"2cf7f11081400088": -1471876784530})
    unclear = event(time="1980-01-06T00:00:00Z", rxInfo=[{"gatewayId": "a"}, {"gatewayId": "b"}])
    assert decode(unclear).observed_at_ms is None
    assert list(decode(unclear).clock_differences_ms) == ["unnamed"]


def test_without_the_servers_time_our_receipt_counts_and_the_events_where_it_agrees() -> None:
    bare = event(rxInfo=[{"gatewayId": "a"}])
    assert decode(bare, SERVER_MS + 5_000).observed_at_ms == SERVER_MS
    assert decode(bare, SERVER_MS + 5_001).observed_at_ms is None
    assert decode({**bare, "time": None}).observed_at_ms is None


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
    "a server's time that is none": (event(rxInfo=[{"nsTime": 7}]), Reason.BAD_TIME, "rxInfo[0].nsTime"),
    "another device": (event(deviceInfo={"devEui": "0101010101010101"}), Reason.UNAUTHORISED, "another device"),
}


@pytest.mark.parametrize(("document", "reason", "detail"), NO_UPLINKS.values(), ids=NO_UPLINKS.keys())
def test_what_is_no_uplink_of_the_topics_device_is_refused(document: object, reason: Reason, detail: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode_chirpstack(document, EUI, SERVER_MS)
    assert caught.value.reason is reason
    assert detail in caught.value.detail
