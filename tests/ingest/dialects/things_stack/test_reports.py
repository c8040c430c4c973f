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
SERVER_MS = 1763772003389
"""`uplink_message.received_at` of the golden message; its one gateway with a clock is two milliseconds earlier."""


def message(**changes: Any) -> dict[str, Any]:
    """The golden message with members of its `uplink_message` changed; `...` leaves one out."""
    loaded: dict[str, Any] = json.loads(golden("things_stack/em400_mud.json"))
    uplink = {**loaded["uplink_message"], **changes}
    return {**loaded, "uplink_message": {key: value for key, value in uplink.items() if value is not ...}}


def decode(document: object, received_at_ms: int = SERVER_MS + 400) -> Uplink:
    [report] = decode_things_stack(document, WELL, received_at_ms)
    assert isinstance(report, Uplink)
    return report


def test_an_uplink_gives_its_decoded_fields_the_best_link_and_the_network_s_own_count() -> None:
    assert decode(message()) == Uplink(
        "things-stack",
        {"battery": 92, "temperature": 25.7, "distance": 2116, "position": "tilt", "rssi": -97.0, "snr": 0.0},
        identity=DEV_EUI.of("24E124713C140042"),
        observed_at_ms=1763772003387,
        message_id="0-512f5dd7aecbcd51",
        time_source="network_server",
        unreadable=[],
    )


def received_by(*gateways: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"gateway_ids": {"gateway_id": name}, "time": time, "rssi": -97} for name, time in gateways]


def test_the_time_is_the_network_servers_and_a_gateways_where_it_agrees() -> None:
    assert decode(message()).observed_at_ms == 1763772003387
    assert decode(message(rx_metadata=...)).observed_at_ms == SERVER_MS
    assert decode(message(rx_metadata=..., received_at=...)).observed_at_ms == 1763772003614
    at_the_edge = received_by(("roof", "2025-11-22T00:39:58.389Z"), ("cellar", "2025-11-22T00:40:03.111Z"))
    assert decode(message(rx_metadata=at_the_edge)).observed_at_ms == SERVER_MS - 5_000


@pytest.mark.parametrize(
    ("time", "ahead_ms"),
    [
        ("2025-11-20T00:40:03.389Z", -172_800_000),
        ("1980-01-06T00:00:00Z", -1447807203389),
        ("2025-11-22T00:40:21.389Z", 18_000),
    ],
)
def test_a_gateway_whose_clock_is_wrong_does_not_count_and_is_named(time: str, ahead_ms: int) -> None:
    found = decode(message(rx_metadata=[{"gateway_ids": {"gateway_id": "roof"}}], settings={"time": time}))
    assert (found.observed_at_ms, found.clock_differences_ms) == (SERVER_MS, {"roof": ahead_ms})
    several = received_by(("roof", time), ("cellar", "2025-11-22T00:40:03.390Z"))
    found = decode(message(rx_metadata=several))
    assert (found.observed_at_ms, found.clock_differences_ms) == (SERVER_MS + 1, {"roof": ahead_ms})


def test_without_a_servers_time_our_receipt_counts_and_a_gateways_where_it_agrees_with_that() -> None:
    bare = message(rx_metadata=received_by(("roof", "2025-11-22T00:40:03.387Z")), received_at=...)
    del bare["received_at"]
    assert decode(bare, SERVER_MS).observed_at_ms == 1763772003387
    late = decode(bare, SERVER_MS + 60_000)
    assert (late.observed_at_ms, late.clock_differences_ms) == (None, {"roof": -60_002})


def test_a_frame_delivered_again_is_the_same_whoever_received_it_and_when() -> None:
    first = decode(message(f_cnt=7))
    again = message(
        f_cnt=7, received_at="2025-11-22T00:40:05Z", rx_metadata=received_by(("far", "2025-11-22T00:40:05Z"))
    )
    assert (
        decode({**again, "correlation_ids": ["x"], "received_at": "2025-11-22T00:40:06Z"}).message_id
        == first.message_id
    )
    assert str(first.message_id).startswith("7-")


@pytest.mark.parametrize(
    "changes", [{"f_cnt": 8}, {"frm_payload": "AXVc"}, {"session_key_id": "other"}, {"frm_payload": ...}]
)
def test_another_counter_session_or_payload_is_another_frame(changes: dict[str, Any]) -> None:
    assert decode(message(**{"f_cnt": 7, **changes})).message_id != decode(message(f_cnt=7)).message_id


def test_without_a_session_key_the_address_identifies_and_without_both_only_the_counter() -> None:
    by_address = message(f_cnt=7, session_key_id=...)
    assert str(decode(by_address).message_id).startswith("7-")
    assert decode(by_address).time_source == "network_server"
    nameless = {**by_address, "end_device_ids": {"device_id": WELL, "dev_eui": "24E124713C140042"}}
    assert (decode(nameless).message_id, decode(nameless).time_source) == (7, None)


def test_a_frame_without_payload_tells_of_its_link_only() -> None:
    assert decode(message(decoded_payload=..., frm_payload=...)).fields == {"rssi": -97.0, "snr": 0.0}


NO_UPLINKS = {
    "null": (None, Reason.UNPARSEABLE, "uplink_message"),
    "a join": ({"end_device_ids": {"dev_eui": "24E1"}, "join_accept": {}}, Reason.UNPARSEABLE, "uplink_message"),
    "no device EUI": ({**message(), "end_device_ids": {"device_id": WELL}}, Reason.UNPARSEABLE, "dev_eui"),
    "a payload that nothing decoded": (message(decoded_payload=...), Reason.UNPARSEABLE, "no payload formatter"),
    "a decoded payload that is none": (message(decoded_payload=[1]), Reason.UNPARSEABLE, "must be an object"),
    "a server's time that is none": (message(received_at="now"), Reason.BAD_TIME, "uplink_message.received_at"),
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
        decode_things_stack(document, WELL, SERVER_MS)
    assert caught.value.reason is reason
    assert detail in caught.value.detail
