"""A simulator's time goes on, and only to where readings can be."""

import orjson
import pytest

from ingest.gateway.clock.ignored import IgnoredClock
from ingest.gateway.clock.simulated import SimulatedTime
from streams.reading.ticks import LATEST_MS

NOW_MS = 1_780_000_000_000


def message(at_ms: object) -> bytes:
    return orjson.dumps({"sent_at_ms": at_ms})


def test_the_simulators_time_is_the_tick_and_the_time_of_receipt() -> None:
    clock = SimulatedTime(0)
    assert clock.count(message(NOW_MS), is_assured=True) == NOW_MS
    assert clock.now_ms() == NOW_MS


def test_the_same_time_again_is_passed_on_again() -> None:
    clock = SimulatedTime(NOW_MS)
    assert clock.count(message(NOW_MS), is_assured=True) == NOW_MS


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", IgnoredClock.UNREADABLE),
        (b"[]", IgnoredClock.UNREADABLE),
        (b"9" * 5000, IgnoredClock.UNREADABLE),
        (message(None), IgnoredClock.UNREADABLE),
        (message(True), IgnoredClock.UNREADABLE),
        (message(1.5), IgnoredClock.UNREADABLE),
        (message((1 << 63) - 1), IgnoredClock.ABSURD),
        (message(LATEST_MS + 1), IgnoredClock.ABSURD),
        (message(-1), IgnoredClock.ABSURD),
        (message(NOW_MS - 1), IgnoredClock.BACKWARDS),
    ],
)
def test_anything_else_is_counted_and_moves_nothing(payload: bytes, reason: IgnoredClock) -> None:
    clock = SimulatedTime(NOW_MS)
    assert clock.count(payload, is_assured=True) is None
    assert (clock.now_ms(), dict(clock.ignored)) == (NOW_MS, {reason: 1})


def test_a_time_at_qos_0_would_have_overtaken_the_reports_before_it() -> None:
    clock = SimulatedTime(0)
    assert clock.count(message(NOW_MS), is_assured=False) is None
    assert clock.ignored == {IgnoredClock.UNASSURED: 1}
