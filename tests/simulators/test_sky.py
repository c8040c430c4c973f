"""The sun over a place, against published sunrise and sunset, and against astral's elevation."""

from datetime import UTC, datetime

import pytest
from astral import Observer
from astral.sun import elevation

from domain.durations import parse_instant_ms
from simulators.place import ZHANGJIAGANG, Place
from simulators.sky import Sky


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
