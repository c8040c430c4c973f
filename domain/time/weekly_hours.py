"""Weekly hours as operators write them: `Mon-Fri 08:30-12:00 14:00-17:30`, `Sat,Sun 22:00-06:00`, `Mon`."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_MINUTES: Final = 24 * 60
_HOURS: Final = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")

MinuteSpan = tuple[int, int]
"""[begin, end) in minutes since a midnight."""


Week = tuple[tuple[MinuteSpan, ...], ...]
"""For each day from Monday on the hours that begin on it, in minutes since its midnight, sorted and without overlap."""
EMPTY_WEEK: Final[Week] = ((),) * 7


def parse_weekly_hours(texts: Iterable[str]) -> Week:
    """The hours of a week. One over midnight ends on the next day: its end is beyond 1440.

    Shape: each text names days (`Mon`, `Mon-Fri`, `Sat,Sun`, `daily`), then hours; without hours the whole day. Raises:
    ValueError.
    """
    found: list[list[MinuteSpan]] = [[] for _ in DAYS]
    for text in texts:
        days, *hours = text.split() or [""]
        for day in _days(days):
            found[day] += parse_day_hours(hours)
    return tuple(map(join_spans, found))


def parse_day_hours(texts: Sequence[str]) -> tuple[MinuteSpan, ...]:
    """The hours of one day, such as 08:30-12:00 and 14:00-17:30; the whole day if there are none. Raises: ValueError."""
    return join_spans(map(parse_hours, texts)) if texts else ((0, DAY_MINUTES),)


def join_spans(spans: Iterable[MinuteSpan]) -> tuple[MinuteSpan, ...]:
    """The same minutes, sorted, without overlap."""
    joined: list[MinuteSpan] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def parse_hours(text: str) -> MinuteSpan:
    """The minutes of `08:30-12:00`; the end is beyond the day where it is not after the beginning. Raises: ValueError."""
    match = _HOURS.match(text)
    if match is None:
        raise ValueError(f"{text!r} are no hours; write 08:30-12:00")
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if int(match[2]) > 59 or int(match[4]) > 59 or begin >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f"{text!r} are no hours of a day")
    return begin, end if end > begin else end + DAY_MINUTES


def _days(text: str) -> list[int]:
    if text == "daily":
        return list(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{part!r} is no day; write Mon, Mon-Fri, Sat,Sun or daily")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days += [(begin + i) % 7 for i in range((end - begin) % 7 + 1)]
    return days
