"""Weekly hours as operators write them: `Mon-Fri 08:30-12:00 14:00-17:30`, `Sat,Sun 22:00-06:00`, `Mon`."""

import re
from typing import Final

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_MINUTES: Final = 24 * 60
WEEK_MINUTES: Final = 7 * DAY_MINUTES
_HOURS: Final = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")

MinuteSpan = tuple[int, int]
"""[begin, end) in minutes; of a week since Monday 00:00, or of a day since midnight."""


def parse_weekly_hours(text: str) -> tuple[MinuteSpan, ...]:
    """The spans of a week, sorted, without overlap; one over midnight reaches into the next day (Sunday's into Monday).

    Shape: days (`Mon`, `Mon-Fri`, `Sat,Sun`, `daily`), then hours; without hours the whole day. Raises: ValueError.
    """
    days_text, *hours_texts = text.split()
    spans = [span for hours in hours_texts for span in (parse_hours(hours),)] or [(0, DAY_MINUTES)]
    found: list[MinuteSpan] = []
    for day in _days(days_text):
        for begin, end in spans:
            at = day * DAY_MINUTES
            found += _wrapped(at + begin, at + end)
    return _joined(found)


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
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"{part!r} is no day; write Mon, Mon-Fri, Sat,Sun or daily")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days += [(begin + i) % 7 for i in range((end - begin) % 7 + 1)]
    return days


def _wrapped(begin: int, end: int) -> list[MinuteSpan]:
    return [(begin, end)] if end <= WEEK_MINUTES else [(begin, WEEK_MINUTES), (0, end - WEEK_MINUTES)]


def _joined(spans: list[MinuteSpan]) -> tuple[MinuteSpan, ...]:
    joined: list[MinuteSpan] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)
