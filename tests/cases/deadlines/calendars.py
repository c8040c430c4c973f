"""Calendars of cities, real and random, and a reference that counts minute by minute."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from cases.deadlines import OFFICE_WEEK, WorkingCalendar
from domain.time.units import MINUTE_MS
from domain.time.weekly_hours import join_spans

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # half an hour beside the others
    "Australia/Lord_Howe",  # clocks move by half an hour
    "Africa/Casablanca",  # twice a year for Ramadan
    "Pacific/Kiritimati",  # 14 hours ahead
)
OFFICE = WorkingCalendar(SHANGHAI)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    """Epoch ms of a wall clock."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def told(at_ms: int, zone: ZoneInfo = SHANGHAI) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def is_open(calendar: WorkingCalendar, at_ms: int) -> bool:
    """Whether the wall clock shows working hours: of its own day, or of a night shift of the day before."""
    wall = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(calendar.zone)
    minute = wall.hour * 60 + wall.minute
    yesterday = wall.date() - timedelta(days=1)
    return any(begin <= minute < end for begin, end in calendar.hours_of(wall.date())) or any(
        begin <= minute + 1440 < end for begin, end in calendar.hours_of(yesterday)
    )


def slow_between(calendar: WorkingCalendar, from_ms: int, to_ms: int) -> int:
    return sum(
        min(minute + MINUTE_MS, to_ms) - max(minute, from_ms)
        for minute in _minutes(from_ms, to_ms)
        if is_open(calendar, minute)
    )


def _minutes(from_ms: int, to_ms: int) -> Iterator[int]:
    return iter(range(from_ms // MINUTE_MS * MINUTE_MS, to_ms, MINUTE_MS))


spans = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(30, 1440)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    min_size=1,
    max_size=3,
).map(join_spans)
days = st.dates(date(2026, 3, 1), date(2026, 4, 15))
weeks = st.one_of(st.just(OFFICE_WEEK), st.tuples(*[st.one_of(st.just(()), spans)] * 7).filter(lambda week: any(week)))
calendars = st.builds(
    WorkingCalendar,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    week=weeks,
    holidays=st.frozensets(days, max_size=12),
    opened=st.dictionaries(days, spans, max_size=4),
)
"""March 2026, in which clocks go forward in New York, Berlin and St John's, and back and forward in Casablanca."""
instants = st.one_of(
    st.integers(at("2026-03-01T00:00"), at("2026-04-15T00:00")),
    st.integers(at("2026-10-20T00:00"), at("2026-11-05T00:00")),
)
