import json
from typing import Any

import pytest

from domain.errors import Unreadable
from domain.identities import DEV_EUI
from domain.rejections import Reason
from ingest.dialects.messages import Uplink
from ingest.dialects.things_stack.reports import decode_things_stack
from tests.golden import golden

WELL = "well-0042"


def message(**changes: Any) -> dict[str, Any]:
    """The golden message with members of its `uplink_message` changed; `...` leaves one out."""
    loaded: dict[str, Any] = json.loads(golden("things_stack/em400_mud.json"))
    uplink = {**loaded["uplink_message"], **changes}
    return {**loaded, "uplink_message": {key: value for key, value in uplink.items() if value is not ...}}


def decode(document: object) -> Uplink:
    [report] = decode_things_stack(document, WELL)
    assert isinstance(report, Uplink)
    return report


def test_an_uplink_gives_its_decoded_fields_the_best_link_and_the_network_s_own_count() -> None:
    assert decode(message()) == Uplink(
        "things-stack",
        {"battery": 92, "temperature": 25.7, "distance": 2116, "position": "tilt", "rssi": -97.0, "snr": 0.0},
        identity=DEV_EUI.of("24E124713C140042"),
        observed_at_ms=1763772003387,
        message_id="AXA50tHUGUucuzS/bCGMNw==/0",
    )


def test_the_best_time_is_the_gateway_s_then_the_network_s_then_the_application_s() -> None:
    assert decode(message()).observed_at_ms == 1763772003387
    assert decode(message(rx_metadata=...)).observed_at_ms == 1763772003389
    assert decode(message(rx_metadata=..., received_at=...)).observed_at_ms == 1763772003614
    assert (
        decode(message(rx_metadata=..., settings={"time": "2025-11-22T00:40:03.001Z"})).observed_at_ms == 1763772003001
    )


def test_a_frame_counter_counts_on() -> None:
    assert decode(message(f_cnt=7)).message_id == "AXA50tHUGUucuzS/bCGMNw==/7"
    assert decode(message(f_cnt=7, session_key_id=...)).message_id == 7


def test_a_frame_without_payload_tells_of_its_link_only() -> None:
    assert decode(message(decoded_payload=..., frm_payload=...)).fields == {"rssi": -97.0, "snr": 0.0}


NO_UPLINKS = {
    "null": (None, Reason.UNPARSEABLE, "uplink_message"),
    "a join": ({"end_device_ids": {"dev_eui": "24E1"}, "join_accept": {}}, Reason.UNPARSEABLE, "uplink_message"),
    "no device EUI": ({**message(), "end_device_ids": {"device_id": WELL}}, Reason.UNPARSEABLE, "dev_eui"),
    "a payload that nothing decoded": (message(decoded_payload=...), Reason.UNPARSEABLE, "no payload formatter"),
    "a decoded payload that is none": (message(decoded_payload=[1]), Reason.UNPARSEABLE, "must be an object"),
    "a simulated uplink": ({**message(), "simulated": True}, Reason.UNAUTHORISED, "simulated"),
    "another device": (
        {**message(), "end_device_ids": {"device_id": "well-0043", "dev_eui": "24E1"}},
        Reason.UNAUTHORISED,
        "another device",
    ),
}


@pytest.mark.parametrize(("document", "reason", "detail"), NO_UPLINKS.values(), ids=NO_UPLINKS.keys())
def test_what_is_no_uplink_of_the_topics_device_is_refused(document: object, reason: Reason, detail: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode_things_stack(document, WELL)
    assert caught.value.reason is reason
    assert detail in caught.value.detail
