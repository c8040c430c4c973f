"""Dealing by shares: exact, even, and the same whatever comes after."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.city.shares import dealt

SHARES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 1), min_size=1)


@given(SHARES, st.integers(0, 300))
def test_nobody_is_more_than_a_turn_or_so_from_what_is_due(shares: dict[str, float], count: int) -> None:
    total = sum(shares.values())
    for kind, times in Counter(dealt(shares, count)).items():
        assert abs(times - count * shares[kind] / total) < len(shares)


@given(SHARES, st.integers(0, 100), st.integers(0, 100))
def test_fewer_are_the_beginning_of_more(shares: dict[str, float], count: int, more: int) -> None:
    assert dealt(shares, count + more)[:count] == dealt(shares, count)


@pytest.mark.parametrize(
    ("shares", "count", "expected"),
    [({"a": 1, "b": 0}, 3, "aaa"), ({"a": 1, "b": 1}, 4, "abab"), ({"a": 0.5, "b": 0.25, "c": 0.25}, 4, "abca")],
)
def test_shares_are_dealt_in_turn(shares: dict[str, float], count: int, expected: str) -> None:
    assert "".join(dealt(shares, count)) == expected
