"""The sun against astral, and the stretches of day and night that follow from it."""

from datetime import UTC, datetime

import pytest
from astral import Observer
from astral.sun import elevation as astral_elevation
from hypothesis import given
from hypothesis import strategies as st

from domain.time.units import MINUTE_MS
from rules.schedule.sun import HORIZON, daylight_span, elevation, is_day

SECONDS = st.integers(0, 4_102_444_800)
LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-89, 89)


def minute_of(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) // 60


@given(SECONDS, LONGITUDES, LATITUDES)
def test_the_elevation_is_astrals(at_s: int, lon: float, lat: float) -> None:
    expected = astral_elevation(Observer(lat, lon), datetime.fromtimestamp(at_s, UTC), with_refraction=False)
    assert elevation(at_s * 1000, lon, lat) == pytest.approx(expected, abs=0.05)


@given(SECONDS, LONGITUDES, st.floats(-65, 65))
def test_a_stretch_ends_and_begins_exactly_where_day_and_night_change(at_s: int, lon: float, lat: float) -> None:
    minute = at_s // 60
    up, begin, end = daylight_span(minute, lon, lat)
    assert begin <= minute < end
    assert [is_day(m, lon, lat) for m in (begin - 1, begin, minute, end - 1, end)] == [not up, up, up, up, not up]
    for other in (begin, end - 1, (begin + end) // 2):
        assert daylight_span(other, lon, lat) == (up, begin, end)


def test_night_in_suzhou_is_as_the_almanac_has_it() -> None:
    """Sunset and sunrise of 2026-06-01 at 31.87 N 120.55 E: 18:59 and 04:53 local time."""
    assert daylight_span(minute_of("2026-06-01T21:00:00+08:00"), 120.55, 31.87) == (
        False, minute_of("2026-06-01T18:59:00+08:00"), minute_of("2026-06-02T04:53:00+08:00"),
    )  # fmt: skip


@pytest.mark.parametrize(("at", "up", "months"), [("2026-06-21", True, (4, 8)), ("2026-12-21", False, (10, 2))])
def test_polar_day_and_night_last_for_months(at: str, up: bool, months: tuple[int, int]) -> None:
    """Longyearbyen: midnight sun from 20 April to 22 August, polar night from 26 October to 15 February."""
    found, begin, end = daylight_span(minute_of(f"{at}T12:00:00+00:00"), 15.6, 78.2)
    assert found is up
    assert tuple(datetime.fromtimestamp(minute * 60, UTC).month for minute in (begin, end)) == months


@pytest.mark.parametrize("lat", [-90.0, 90.0])
def test_at_the_poles_half_a_year_is_day(lat: float) -> None:
    _, begin, end = daylight_span(minute_of("2026-06-21T12:00:00+00:00"), 0.0, lat)
    assert 150 < (end - begin) / 1440 < 210


def test_day_begins_when_the_centre_stands_at_the_horizon_of_the_almanacs() -> None:
    _, begin, _ = daylight_span(minute_of("2026-06-01T12:00:00+08:00"), 120.55, 31.87)
    assert elevation((begin - 1) * MINUTE_MS, 120.55, 31.87) < HORIZON <= elevation(begin * MINUTE_MS, 120.55, 31.87)
