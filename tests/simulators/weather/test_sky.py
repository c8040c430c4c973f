"""The sun over a place, against published sunrise and sunset, and against astral's elevation."""

from datetime import UTC, datetime

import pytest
from astral import Observer
from astral.sun import elevation

from domain.time.durations import parse_instant_ms
from domain.time.units import DAY_MS
from simulators.ground.place import ZHANGJIAGANG, Place
from simulators.weather.sky import Sky


@pytest.mark.parametrize(
    ("instant", "night"),
    [
        ("2026-06-21T12:00:00+08:00", False),
        ("2026-06-21T00:00:00+08:00", True),
        # Shanghai, 120 km east, has its sunrise at 4:51 and its sunset at 19:01 on that day.
        ("2026-06-21T04:40:00+08:00", True),
        ("2026-06-21T05:05:00+08:00", False),
        ("2026-06-21T18:55:00+08:00", False),
        ("2026-06-21T19:20:00+08:00", True),
    ],
)
def test_night_is_from_sunset_to_sunrise(instant: str, night: bool) -> None:
    assert Sky(ZHANGJIAGANG).is_night(parse_instant_ms(instant)) is night


@pytest.mark.parametrize("place", [ZHANGJIAGANG, Place(-155.5, 19.6, "Pacific/Honolulu"), Place(18.9, 69.6)])
def test_night_agrees_with_the_suns_height_all_year(place: Place) -> None:
    """Within the refraction at the horizon; the third place has a midnight sun and a polar night."""
    sky, observer, judged = Sky(place), Observer(place.lat, place.lon), 0
    start_ms = parse_instant_ms("2026-01-01T00:00:00Z")
    for step in range(0, 365 * 24, 7):
        at_ms = start_ms + step * 3_600_000
        height_deg = elevation(observer, datetime.fromtimestamp(at_ms / 1000, UTC))
        if abs(height_deg) > 1.5:
            judged += 1
            assert sky.is_night(at_ms) is (height_deg < 0), f"{step} h, {height_deg:.1f} degrees"
    assert judged > 1000


def test_the_local_hour_is_that_of_the_place() -> None:
    assert Sky(ZHANGJIAGANG).local_hour(parse_instant_ms("2026-06-21T15:30:00Z")) == 23.5
    assert Sky(Place(11, 46, "Europe/Rome")).local_hour(parse_instant_ms("2022-03-27T01:15:00Z")) == 3.25


SHANGHAI_NOON = parse_instant_ms("2026-06-21T12:00:00+08:00")
TROMSO = Place(18.9, 69.6, "Europe/Oslo")


def height_deg(place: Place, at_ms: float) -> float:
    return elevation(Observer(place.lat, place.lon), datetime.fromtimestamp(at_ms / 1000, UTC))


@pytest.mark.parametrize("below_deg", [-6.0, -3.0, 3.0])
@pytest.mark.parametrize("place", [ZHANGJIAGANG, Place(-155.5, 19.6, "Pacific/Honolulu"), Place(10.7, 59.9)])
@pytest.mark.parametrize("date", ["2026-03-20", "2026-12-21"])
def test_a_night_begins_and_ends_as_the_sun_passes_the_height(place: Place, below_deg: float, date: str) -> None:
    night = Sky(place).night(parse_instant_ms(f"{date}T23:00:00Z"), below_deg)
    for edge_ms, before in ((night.from_ms, 1), (night.until_ms, -1)):
        assert height_deg(place, edge_ms) == pytest.approx(below_deg, abs=0.005)
        assert height_deg(place, edge_ms - before * 60_000) > below_deg > height_deg(place, edge_ms + before * 60_000)


def test_who_takes_it_for_dark_lower_begins_later_and_ends_earlier() -> None:
    night = Sky(ZHANGJIAGANG).night(parse_instant_ms("2026-03-20T23:00:00+08:00"), -3.0)
    later_ms, earlier_ms = night.from_ms + 0.4 * night.from_ms_per_deg, night.until_ms - 0.4 * night.until_ms_per_deg
    assert height_deg(ZHANGJIAGANG, later_ms) == pytest.approx(-3.4, abs=0.01)
    assert height_deg(ZHANGJIAGANG, earlier_ms) == pytest.approx(-3.4, abs=0.01)


def test_a_midnight_sun_leaves_no_night_and_a_polar_night_no_day() -> None:
    sky = Sky(TROMSO)
    summer = sky.night(parse_instant_ms("2026-06-21T23:00:00Z"), -3.0)
    assert summer.from_ms == summer.until_ms
    winter, next_winter = (sky.night(parse_instant_ms(f"2026-12-{day}T23:00:00Z"), 0.0) for day in (21, 22))
    assert winter.until_ms - winter.from_ms == DAY_MS
    assert winter.until_ms == next_winter.from_ms


def test_the_next_dark_and_the_next_light_are_found_days_ahead() -> None:
    sky = Sky(ZHANGJIAGANG)
    dusk_ms = sky.next_dark(SHANGHAI_NOON, SHANGHAI_NOON + DAY_MS, -6.0)
    assert dusk_ms == sky.night(SHANGHAI_NOON + DAY_MS // 2, -6.0).from_ms
    assert sky.next_dark(SHANGHAI_NOON, SHANGHAI_NOON + DAY_MS // 4, -6.0) is None
    assert sky.next_dark(dusk_ms + 5_000, dusk_ms + 9_000, -6.0) == dusk_ms + 5_000
    assert sky.next_light(dusk_ms, dusk_ms + DAY_MS, 3.0) == sky.night(dusk_ms, 3.0).until_ms
    assert sky.next_light(dusk_ms, dusk_ms + DAY_MS // 4, 3.0) is None
    assert sky.next_light(SHANGHAI_NOON, SHANGHAI_NOON + 1, 3.0) == SHANGHAI_NOON
    polar, midwinter = Sky(TROMSO), parse_instant_ms("2026-12-10T12:00:00Z")
    february = polar.next_light(midwinter, midwinter + 60 * DAY_MS, 3.0)
    assert february is not None
    assert height_deg(TROMSO, february) == pytest.approx(3.0, abs=0.01)
