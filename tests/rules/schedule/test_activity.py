"""When a rule is active: by the sun at the device, by weekly hours, by calendar."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.devices import Device
from domain.time.weekly_hours import parse_weekly_hours
from rules.schedule.activity import Active, Span, activity_of
from rules.schedule.calendars import Calendar, Calendars, day_number
from rules.schedule.sun import daylight_span

LAMP = Device("L1", "streetlight", "streetlight", lon=120.55, lat=31.87)
HOLIDAYS = Calendar("holidays", opened={day_number("2026-10-01"): ((0, 1440),)})
CALENDARS = Calendars("Asia/Shanghai", [HOLIDAYS])


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


def span(active: bool, begin: str, end: str) -> Span:
    return Span(active, at(begin), at(end))


def test_night_is_active_from_sunset_to_sunrise_at_the_device_and_day_is_the_rest() -> None:
    night, day = activity_of(Active(sun="night"), CALENDARS), activity_of(Active(sun="day"), CALENDARS)
    dark = span(True, "2026-06-01T18:59", "2026-06-02T04:53")
    assert night(at("2026-06-01T21:00"), LAMP) == dark
    assert day(at("2026-06-01T21:00"), LAMP) == dark._replace(active=False)
    assert day(at("2026-06-01T12:00"), LAMP) == span(True, "2026-06-01T04:53", "2026-06-01T18:59")
    west = night(at("2026-06-01T19:30"), replace(LAMP, lon=103.8, lat=36.06))
    assert west is not None
    assert not west.active, "in Lanzhou the sun is still up"


def test_weekly_hours_stand_by_the_platforms_zone() -> None:
    hours = activity_of(Active(hours=("Mon-Fri 08:00-18:00",)), CALENDARS)
    assert hours(at("2026-06-01T09:00"), LAMP) == span(True, "2026-06-01T08:00", "2026-06-01T18:00")
    assert hours(at("2026-06-06T09:00"), LAMP) == span(False, "2026-06-05T18:00", "2026-06-08T08:00")
    berlin = activity_of(Active(hours=("Mon-Fri 08:00-18:00",)), Calendars("Europe/Berlin"))
    assert berlin(at("2026-06-01T09:00"), LAMP) == span(False, "2026-05-30T00:00", "2026-06-01T14:00")


def test_a_calendar_counts_inside_or_outside() -> None:
    inside = activity_of(Active(calendar="holidays"), CALENDARS)
    outside = activity_of(Active(calendar="holidays", inside=False), CALENDARS)
    holiday = span(True, "2026-10-01T00:00", "2026-10-02T00:00")
    assert inside(at("2026-10-01T12:00"), LAMP) == holiday
    assert outside(at("2026-10-01T12:00"), LAMP) == holiday._replace(active=False)


def test_a_calendar_in_a_zone_of_its_own_follows_that() -> None:
    abroad = Calendar("abroad", week=parse_weekly_hours(["daily 08:00-18:00"]), timezone="UTC")
    activity = activity_of(Active(calendar="abroad"), Calendars("Asia/Shanghai", [abroad]))
    assert activity(at("2026-06-01T17:00"), LAMP) == span(True, "2026-06-01T16:00", "2026-06-02T02:00")


def test_what_cannot_be_known_is_returned_as_none() -> None:
    assert activity_of(Active(sun="night"), CALENDARS)(0, replace(LAMP, lon=None)) is None
    assert activity_of(Active(calendar="unheard-of"), CALENDARS)(0, LAMP) is None


INSTANTS = st.lists(st.integers(at("2026-01-01T00:00"), at("2026-12-31T00:00")), min_size=1, max_size=12)
PLACES = st.tuples(st.floats(-180, 180), st.floats(-60, 60))


@given(INSTANTS, st.lists(PLACES, min_size=1, max_size=3))
def test_answers_do_not_depend_on_what_was_asked_before(instants: list[int], places: list[tuple[float, float]]) -> None:
    devices = [replace(LAMP, lon=lon, lat=lat) for lon, lat in places]
    for active in (Active(sun="night"), Active(hours=("Mon-Fri 08:00-18:00",)), Active(calendar="holidays")):
        kept = activity_of(active, CALENDARS)
        for instant in instants:
            for device in devices:
                assert kept(instant, device) == activity_of(active, CALENDARS)(instant, device)


@given(st.integers(0, 2_000_000_000_000), PLACES)
def test_neighbours_share_the_stretch_of_their_hundredth_of_a_degree(at_ms: int, place: tuple[float, float]) -> None:
    night = activity_of(Active(sun="night"), CALENDARS)
    found = night(at_ms, replace(LAMP, lon=place[0], lat=place[1]))
    lon, lat = (int(degrees * 100 + 20_000.5) / 100 - 200 for degrees in place)
    up, begin, end = daylight_span(at_ms // 60_000, round(lon, 2), round(lat, 2))
    assert found == Span(not up, begin * 60_000, end * 60_000)
