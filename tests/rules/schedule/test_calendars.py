"""Calendars: read from documents, and laid out on the time line of a zone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.time.weekly_hours import DAY_MINUTES, parse_weekly_hours
from rules.language.document.problems import BadRules
from rules.language.document.reading import load_documents, parse_documents, parse_rules
from rules.schedule.calendars import FAR_FUTURE_MINUTE, FAR_PAST_MINUTE, Calendar, OpenHours, day_number

LIBRARY = Path(__file__).parents[3] / "rules/library/calendars.yaml"
OFFICE = """
calendar: office
title: {en: Office, zh: 办公}
hours: ['Mon-Fri 08:30-12:00 14:00-17:30']
closed: [2026-10-01..2026-10-07, 2026-01-01]
open: [2026-10-10 09:00-12:00]
"""


def calendar(text: str) -> Calendar:
    (found,) = parse_documents(text, "c.yaml").calendars
    return found


def local(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> int:
    instant = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(instant.timestamp()) // 60


def span(found: Calendar, at: str, zone: str = "Asia/Shanghai") -> tuple[bool, str, str]:
    is_open, begin, end = OpenHours(found, ZoneInfo(zone)).span(local(at, zone))
    written = [f"{datetime.fromtimestamp(minute * 60, ZoneInfo(zone)):%m-%d %H:%M}" for minute in (begin, end)]
    return is_open, written[0], written[1]


# Open and closed


@pytest.mark.parametrize(
    ("at", "is_open", "begin", "end"),
    [
        ("2026-09-30T09:00", True, "09-30 08:30", "09-30 12:00"),
        ("2026-09-30T13:00", False, "09-30 12:00", "09-30 14:00"),
        ("2026-10-03T10:00", False, "09-30 17:30", "10-08 08:30"),
        ("2026-10-10T11:59", True, "10-10 09:00", "10-10 12:00"),
        ("2026-10-10T12:00", False, "10-10 12:00", "10-12 08:30"),
    ],
)
def test_a_stretch_is_as_long_as_nothing_changes(at: str, is_open: bool, begin: str, end: str) -> None:
    assert span(calendar(OFFICE), at) == (is_open, begin, end)


def test_a_night_shift_runs_to_its_end_into_a_closed_day_and_none_begins_on_it() -> None:
    found = calendar("{calendar: night, hours: 'daily 22:00-06:00', closed: 2026-06-02}")
    assert span(found, "2026-06-02T03:00") == (True, "06-01 22:00", "06-02 06:00")
    assert span(found, "2026-06-02T23:00") == (False, "06-02 06:00", "06-03 22:00")


def test_without_a_change_in_sight_a_stretch_has_no_end() -> None:
    always = OpenHours(Calendar("always", week=parse_weekly_hours(["daily"])), ZoneInfo("Europe/Berlin"))
    assert always.span(local("2026-06-01T12:00")) == (True, FAR_PAST_MINUTE, FAR_FUTURE_MINUTE)
    holiday = OpenHours(calendar("{calendar: h, open: [2026-10-01, 2031-10-01]}"), ZoneInfo("Asia/Shanghai"))
    assert holiday.span(local("2026-09-01T12:00")) == (False, FAR_PAST_MINUTE, local("2026-10-01T00:00"))
    assert holiday.span(local("2029-01-01T12:00")) == (False, local("2026-10-02T00:00"), local("2031-10-01T00:00"))
    assert holiday.span(local("2035-01-01T12:00")) == (False, local("2031-10-02T00:00"), FAR_FUTURE_MINUTE)


# Clocks put forward and back


def test_hours_follow_the_wall_clock_when_clocks_are_put_forward() -> None:
    """New York, 2026-03-08: 02:00 becomes 03:00, so hours from 02:30 begin at 03:00."""
    found = Calendar("early", week=parse_weekly_hours(["daily 02:30-05:00"]))
    assert span(found, "2026-03-08T04:00", "America/New_York") == (True, "03-08 03:00", "03-08 05:00")


def test_hours_follow_the_wall_clock_when_clocks_are_put_back() -> None:
    """New York, 2026-11-01: 01:30 comes twice; between the two the clock shows a time before the hours."""
    zone = "America/New_York"
    hours = OpenHours(Calendar("early", week=parse_weekly_hours(["daily 01:30-05:00"])), ZoneInfo(zone))
    first, second = local("2026-11-01T01:30", zone), local("2026-11-01T01:30", zone, fold=1)
    assert second - first == 60
    assert hours.span(first) == (True, first, first + 30)
    assert hours.span(first + 30) == (False, first + 30, second)
    assert hours.span(second) == (True, second, local("2026-11-01T05:00", zone))


ZONES = st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Pacific/Apia"])
WEEKS = st.lists(
    st.sampled_from(["Mon-Fri 08:30-12:00 14:00-17:30", "Sat 22:00-06:00", "daily 01:30-02:15", "Sun", "daily"]),
    max_size=2,
)
BEGIN = day_number("2026-01-01")
DAYS = st.integers(BEGIN, BEGIN + 365)


@settings(max_examples=60, deadline=None)
@given(ZONES, WEEKS, st.frozensets(DAYS, max_size=9), DAYS, st.integers(0, DAY_MINUTES - 1))
def test_a_stretch_is_what_the_wall_clock_shows_minute_by_minute(
    zone: str, week: list[str], closed: frozenset[int], day: int, minute: int
) -> None:
    found = Calendar("c", week=parse_weekly_hours(week), closed=closed)
    at = day * DAY_MINUTES + minute
    is_open, begin, end = OpenHours(found, ZoneInfo(zone)).span(at)
    assert begin <= at < end
    assert OpenHours(found, ZoneInfo(zone)).span(max(begin, at - 4_000)) == (is_open, begin, end)
    for near in range(max(begin - 3, at - 3_000), min(end + 3, at + 3_000)):
        wall = datetime.fromtimestamp(near * 60, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        assert found.is_open_at(int(wall.timestamp()) // 60) == (is_open == (begin <= near < end))


# Documents


def test_a_file_may_hold_rules_and_calendars() -> None:
    read = parse_documents(f"{{rule: a, kind: cabinet, no_data: 1h, active: {{calendar: office}}}}\n---{OFFICE}")
    assert [rule.name for rule in read.rules] == ["a"]
    (office,) = read.calendars
    assert (office.name, office.title.zh, len(office.closed), len(office.opened)) == ("office", "办公", 8, 1)
    assert calendar(office.text).closed == office.closed, "each keeps a text that stands alone"
    assert parse_rules(OFFICE) == []


def test_all_problems_of_a_calendar_are_reported_with_their_places() -> None:
    with pytest.raises(BadRules) as refused:
        parse_documents(
            "calendar: Office\nhours: [Mon 08:00-18:00, Moon]\nclosed: [2026-02-30, 2026-10-07..2026-10-01]\n"
            "open: [2026-05-09 8-12, 2026-05-10, 2026-05-10]\ntimezone: Mars/Olympus\nclose: []\n",
            "c.yaml",
        )
    assert [str(problem) for problem in refused.value.found] == [
        "c.yaml:1:11: `calendar` may hold lower-case letters, digits and hyphens, at most 64: 'Office'",
        "c.yaml:2:26: `hours`: 'Moon' is no day; write Mon, Mon-Fri, Sat,Sun or daily",
        "c.yaml:3:10: `closed`: '2026-02-30' is no date; write 2026-10-01 or 2026-10-01..2026-10-07",
        "c.yaml:3:22: `closed`: '2026-10-07..2026-10-01' must run forward, from 1970 to 2199, for at most 366 days",
        "c.yaml:4:8: `open`: '8-12' are no hours; write 08:30-12:00",
        "c.yaml:4:37: `open`: a day of it is named already, as closed or as open",
        "c.yaml:5:11: `timezone`: 'Mars/Olympus' is no time zone name such as Asia/Shanghai",
        "c.yaml:6:1: unknown clause `close` of a calendar; known are calendar, title, hours, closed, open, timezone",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{OFFICE}---{OFFICE}", "defined twice"),
        ("{calendar: c, closed: 0001-01-01..0001-02-01}", "must run forward"),
        (
            "{calendar: c, closed: [" + ", ".join(f"{year}-01-01..{year}-12-31" for year in range(2000, 2020)) + "]}",
            "most 4000",
        ),
        ("{calendar: c, closed: 2026-10-01, open: 2026-10-01}", "named already"),
    ],
)
def test_what_cannot_be_a_calendar_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadRules, match=words):
        parse_documents(text)


def test_the_library_holds_the_working_days_of_china() -> None:
    workdays, holidays = load_documents(LIBRARY).calendars
    assert [workdays.name, holidays.name] == ["china-workdays", "china-holidays"]
    assert workdays.closed == holidays.opened.keys()
    assert span(workdays, "2026-10-10T09:00")[0], "a Saturday worked instead"
    assert all(not workdays.hours_of(day) for day in holidays.opened)
    weekends = [day for day in workdays.opened if (datetime(1970, 1, 1) + timedelta(day)).weekday() >= 5]
    assert len(weekends) == len(workdays.opened)
