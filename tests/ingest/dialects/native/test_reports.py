import pytest

from domain.errors import Unreadable
from domain.identities import OWN_ID
from domain.rejections import Reason
from ingest.dialects.messages import Refused, Uplink
from ingest.dialects.native.reports import decode_gateway_batch, decode_native

LAMP, KIND = "SL-320582-000123", "streetlight"


def test_a_report_is_taken_as_the_device_worded_it() -> None:
    document = {"ts": 1763772000123, "seq": 41, "readings": {"voltage": "229"}, "firmware": "1.2"}
    assert decode_native(document, LAMP, KIND) == [
        Uplink("json", {"voltage": "229"}, OWN_ID.of(LAMP), kind=KIND, observed_at_ms=1763772000123, message_id=41)
    ]


def test_time_and_sequence_number_may_be_missing() -> None:
    assert decode_native({"readings": {"voltage": 1}}, LAMP, KIND) == [
        Uplink("json", {"voltage": 1}, OWN_ID.of(LAMP), kind=KIND)
    ]


NO_REPORTS = {
    "a number": (7, "not a number"),
    "a text": ("readings", "not a string"),
    "null": (None, "not null"),
    "no readings": ({"ts": 1}, "must have `readings`"),
    "readings that are an array": ({"readings": [1]}, "not an array"),
    "readings that are null": ({"readings": None}, "not null"),
}


@pytest.mark.parametrize(("document", "detail"), NO_REPORTS.values(), ids=NO_REPORTS.keys())
def test_what_is_no_report_is_refused(document: object, detail: str) -> None:
    [refused] = decode_native(document, LAMP, KIND)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.device_id) == (Reason.UNPARSEABLE, LAMP)
    assert detail in refused.detail


def test_each_element_of_an_array_is_judged_on_its_own() -> None:
    first, second, third = decode_native([{"readings": {"a": 1}}, 7, {"readings": {"a": 2}}], LAMP, KIND)
    assert isinstance(first, Uplink)
    assert isinstance(second, Refused)
    assert isinstance(third, Uplink)
    assert (first.fields, third.fields) == ({"a": 1}, {"a": 2})


@pytest.mark.parametrize("decode", [lambda d: decode_native(d, LAMP, KIND), lambda d: decode_gateway_batch(d, "GW-1")])
def test_an_empty_array_is_no_batch(decode: object) -> None:
    with pytest.raises(Unreadable, match="empty batch"):
        decode([])  # type: ignore[operator]


def test_a_gateway_speaks_for_the_devices_it_names_and_for_itself_without_a_speaker() -> None:
    batch = [{"device_id": "MC-1", "ts": 5, "seq": "a", "readings": {}}, {"device_id": "GW-1", "readings": {}}]
    assert decode_gateway_batch(batch, "GW-1") == [
        Uplink("json", {}, OWN_ID.of("MC-1"), observed_at_ms=5, message_id="a", speaker="GW-1"),
        Uplink("json", {}, OWN_ID.of("GW-1")),
    ]


@pytest.mark.parametrize("element", [{"readings": {}}, {"device_id": 7, "readings": {}}, [], "MC-1"])
def test_an_element_that_names_no_device_is_refused(element: object) -> None:
    [refused, good] = decode_gateway_batch([element, {"device_id": "MC-1", "readings": {}}], "GW-1")
    assert isinstance(refused, Refused)
    assert "device_id" in refused.detail
    assert isinstance(good, Uplink)
