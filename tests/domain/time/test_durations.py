"""Durations in short form, instants with their offset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.time.durations import format_duration, format_instant, parse_duration_ms, parse_instant_ms


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("250ms", 250), ("90s", 90_000), ("10m", 600_000), ("2h", 7_200_000), ("7d", 604_800_000), ("1.5h", 5_400_000)],
)
def test_a_short_form_is_read(text: str, milliseconds: int) -> None:
    assert parse_duration_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-5m", "1w", "10m30s", "１０m", "1e3s"])
def test_anything_else_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 10m"):
        parse_duration_ms(text)


@given(st.integers(0, 10**12))
def test_a_duration_written_and_read_is_the_same(milliseconds: int) -> None:
    assert parse_duration_ms(format_duration(milliseconds)) == milliseconds


def test_an_instant_needs_its_offset() -> None:
    assert parse_instant_ms("2026-06-01T21:00:00+08:00") == parse_instant_ms("2026-06-01T13:00:00Z")
    with pytest.raises(ValueError, match="no UTC offset"):
        parse_instant_ms("2026-06-01T21:00:00")


def test_nine_digits_of_a_second_are_cut_off() -> None:
    assert parse_instant_ms("2026-08-27T14:39:44.530852140+00:00") % 1000 == 530


@given(st.integers(0, 4_000_000_000_000))
def test_an_instant_written_and_read_is_the_same(instant_ms: int) -> None:
    assert parse_instant_ms(format_instant(instant_ms)) == instant_ms


@pytest.mark.parametrize("text", ["9" * 400 + "d", "365001d", "9" * 18 + "ms"])
def test_a_duration_beyond_a_thousand_years_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than a thousand years"):
        parse_duration_ms(text)
