"""Jumps of the wall clock are passed on only once they have held for a minute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gateway.clock.steady import HELD_MS, JUMP_MS, SteadyClock

NOW_MS = 1_780_000_000_000
HOUR_MS = 3_600_000


def begun() -> SteadyClock:
    clock = SteadyClock()
    assert clock.read(NOW_MS, 0) == NOW_MS
    return clock


@pytest.mark.parametrize("by_ms", [2 * HOUR_MS, -2 * HOUR_MS, JUMP_MS + 1, -JUMP_MS - 1, 1 << 62])
def test_a_jump_is_passed_on_when_it_has_held_for_a_minute_and_no_sooner(by_ms: int) -> None:
    clock = begun()
    for at_ms in range(1000, HELD_MS + 1000, 1000):
        assert clock.read(NOW_MS + by_ms + at_ms, at_ms) == NOW_MS + at_ms
        assert clock.jump is not None
        assert clock.jump.by_ms == by_ms
    at_ms = HELD_MS + 1000
    assert clock.read(NOW_MS + by_ms + at_ms, at_ms) == NOW_MS + by_ms + at_ms
    assert clock.jump is None
    assert clock.jumps == 1


def test_a_jump_that_goes_back_within_the_minute_is_never_passed_on() -> None:
    clock = begun()
    assert clock.read(NOW_MS + HOUR_MS, 1000) == NOW_MS + 1000
    assert clock.read(NOW_MS + HELD_MS - 1, HELD_MS - 1) == NOW_MS + HELD_MS - 1
    assert clock.jump is None
    assert clock.read(NOW_MS + HOUR_MS + HELD_MS, HELD_MS) == NOW_MS + HELD_MS
    assert clock.jumps == 2


def test_a_clock_that_goes_on_jumping_is_not_passed_on() -> None:
    clock = begun()
    for at_ms in range(1000, 10 * HELD_MS, 1000):
        wall_ms = NOW_MS + at_ms + HOUR_MS * (1 + at_ms // 30_000)
        assert clock.read(wall_ms, at_ms) == NOW_MS + at_ms
    assert clock.jumps == 20


def test_small_corrections_pass_at_once_and_do_not_add_up_over_hours() -> None:
    clock = begun()
    for minute in range(1, 600):
        drift_ms = 4_000 * minute
        assert clock.read(NOW_MS + minute * 60_000 + drift_ms, minute * 60_000) == NOW_MS + minute * 60_000 + drift_ms
    assert clock.jumps == 0


def test_a_clock_cannot_creep_away_in_small_steps() -> None:
    clock = begun()
    read = [clock.read(NOW_MS + at_ms + 4 * at_ms, at_ms) for at_ms in range(1000, 30_000, 1000)]
    assert clock.jumps > 0
    assert (
        max(now_ms - NOW_MS - at_ms for now_ms, at_ms in zip(read, range(1000, 30_000, 1000), strict=True)) <= JUMP_MS
    )


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(-(1 << 40), 1 << 40)), max_size=50))
def test_what_it_reads_is_the_walls_time_or_that_of_a_minute_ago_gone_on(steps: list[tuple[int, int]]) -> None:
    clock, monotonic_ms, accepted = begun(), 0, {NOW_MS}
    for passed_ms, off_ms in steps:
        monotonic_ms += passed_ms
        wall_ms = NOW_MS + monotonic_ms + off_ms
        read_ms = clock.read(wall_ms, monotonic_ms)
        assert (read_ms == wall_ms) == (clock.jump is None) or clock.jump is None
        assert read_ms == wall_ms or read_ms - monotonic_ms in accepted
        if clock.jump is None:
            accepted.add(wall_ms - monotonic_ms)
