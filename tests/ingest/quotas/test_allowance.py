"""What a token bucket gives, by a clock of the calls."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.quotas.allowance import Allowance

NOW = 1_763_772_000_000


def test_it_is_full_at_first_and_gives_no_more_than_that_at_once() -> None:
    allowance = Allowance(most=10, per_ms=0.001)
    assert sum(allowance.take(1, NOW) for _ in range(50)) == 10


def test_what_is_used_up_comes_back_with_time_and_never_more_than_the_most() -> None:
    allowance = Allowance(most=10, per_ms=0.001)
    assert allowance.take(10, NOW)
    assert not allowance.take(1, NOW + 999)
    assert allowance.take(1, NOW + 1_000)
    assert sum(allowance.take(1, NOW + 86_400_000) for _ in range(50)) == 10


def test_a_clock_that_goes_back_earns_nothing_and_takes_nothing() -> None:
    allowance = Allowance(most=2, per_ms=0.001)
    assert allowance.take(2, NOW)
    assert not allowance.take(1, NOW - 3_600_000)
    assert allowance.take(1, NOW - 3_600_000 + 1_000)


@given(st.lists(st.integers(0, 5_000), max_size=200), st.integers(1, 50), st.floats(0.0001, 0.01))
def test_over_any_time_it_gives_what_was_there_twice_and_what_was_earned(
    steps: list[int], most: int, per_ms: float
) -> None:
    allowance, now, given_away = Allowance(most, per_ms), NOW, 0
    for step in steps:
        now += step
        given_away += allowance.take(1, now)
    assert given_away <= 2 * most + (now - NOW) * per_ms + 1
