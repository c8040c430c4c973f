"""The search for the highest rate that passes, against platforms with a known limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbansense.evaluation.load.limit import CLOSE_ENOUGH, MOST_RUNS, search


def found(first: float, limit: float) -> tuple[float | None, list[float]]:
    """What the search finds on a platform that keeps up to `limit`, and what it tried."""
    tries, tried = search(first), []
    rate = next(tries)
    while True:
        tried.append(rate)
        try:
            rate = tries.send(rate <= limit)
        except StopIteration as end:
            return end.value, tried


@given(st.floats(100, 10_000), st.floats(0.2, 20))
def test_it_comes_close_from_below_in_a_bounded_number_of_runs(first: float, factor: float) -> None:
    limit = first * factor
    rate, tried = found(first, limit)
    assert len(tried) <= MOST_RUNS
    assert rate is not None
    assert limit / (1 + CLOSE_ENOUGH) - 1 <= rate <= limit


def test_where_nothing_passes_there_is_no_limit() -> None:
    rate, tried = found(1000, 0)
    assert rate is None
    assert len(tried) == MOST_RUNS
    assert tried == sorted(tried, reverse=True)


def test_it_tries_what_was_asked_first() -> None:
    assert found(5000, 4000)[1][:2] == [5000, pytest.approx(3125)]
