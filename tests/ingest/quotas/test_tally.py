"""Rejections counted: few records for many."""

from typing import Any

from domain.rejections import Reason, Rejection
from ingest.quotas.tally import Tally


def rejected(**changes: Any) -> Rejection:
    plain: dict[str, Any] = {
        "reason": Reason.UNKNOWN_DEVICE, "detail": "who is it?", "topic": "city/x/streetlight/SL-9/up",
        "payload": "e30=", "received_at_ms": 7,
    }  # fmt: skip
    return Rejection(**{**plain, **changes})  # type: ignore[typeddict-item]


def test_many_of_one_sender_and_reason_are_one_record_with_a_count() -> None:
    tally = Tally(10)
    for n in range(1_000):
        tally.add(rejected(received_at_ms=n, detail=f"no. {n}"), 50)
    [record] = tally.take()
    assert (record["count"], record["truncated"], record["received_at_ms"]) == (1_000, True, 0)
    assert record["detail"] == "no. 0 (1000 such, 50000 bytes, counted and not kept)"
    assert not tally
    assert tally.take() == []


def test_reasons_devices_and_partial_ones_are_counted_apart() -> None:
    tally = Tally(10)
    for one in (rejected(), rejected(reason=Reason.BAD_TIME), rejected(device_id="SL-1"), rejected(partial=True)):
        tally.add(one, 1)
        tally.add(one, 1)
    assert [record["count"] for record in tally.take()] == [2, 2, 2, 2]


def test_beyond_the_most_senders_they_are_counted_by_the_first_level_and_none_is_missing() -> None:
    tally = Tally(10)
    for n in range(1_000):
        tally.add(rejected(topic=f"city/x/streetlight/{n}/up", device_id=str(n)), 1)
    records = tally.take()
    assert len(records) == 11
    assert sum(record["count"] for record in records) == 1_000
    last = records[-1]
    assert (last["topic"], last["payload"], "device_id" in last) == ("city/#", "", False)


def test_what_may_have_no_record_of_its_own_is_counted_with_the_rest() -> None:
    tally = Tally(10)
    tally.add(rejected(), 1, by_name=False)
    tally.add(rejected(), 1)
    tally.add(rejected(), 1, by_name=False)
    assert [(record["topic"], record["count"]) for record in tally.take()] == [
        ("city/#", 1),
        ("city/x/streetlight/SL-9/up", 2),
    ]


def test_one_tally_takes_over_what_another_counted() -> None:
    whole, other = Tally(10), Tally(10)
    for tally in (whole, other, other):
        tally.add(rejected(), 5)
    whole.join(other)
    assert not other
    assert [(record["count"], "15 bytes" in record["detail"]) for record in whole.take()] == [(3, True)]


def test_a_long_topic_is_cut() -> None:
    tally = Tally(10)
    tally.add(rejected(topic="city/" + "x" * 60_000), 1)
    assert len(tally.take()[0]["topic"]) == 1_000
