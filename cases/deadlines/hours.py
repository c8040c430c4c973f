"""Working hours as a city writes them: `Mon-Fri 08:30-12:00 14:00-17:30`."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from cases.deadlines.calendar import DAY_MINUTES, Span, Week

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS: Final = re.compile(r"(\d{1,2}):([0-5]\d)-(\d{1,2}):([0-5]\d)")


def parse_week(texts: Iterable[str]) -> Week:
    """The hours of a week. One over midnight ends on the next day: its end is beyond 1440.

    Shape: each text names days (`Mon`, `Mon-Fri`, `Sat,Sun`, `daily`), then one or more hours.
    Raises: ValueError.
    """
    found: list[tuple[Span, ...]] = [()] * len(_DAYS)
    for text in texts:
        days, *hours = text.split() or [""]
        spans = parse_day_hours(hours)
        for day in _days(days):
            found[day] = join_spans((*found[day], *spans))
    return tuple(found)


def parse_day_hours(texts: Sequence[str]) -> tuple[Span, ...]:
    """The hours of one day, such as 08:30-12:00 and 14:00-17:30. Raises: ValueError, also where there are none."""
    if not texts:
        raise ValueError("hours are missing; write for example Mon-Fri 08:30-12:00 14:00-17:30")
    return join_spans(map(_span, texts))


def join_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same minutes, sorted, without overlap."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def _span(text: str) -> Span:
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} are no hours; write 08:30-12:00")
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if begin >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f"{text!r} are no hours of a day")
    return begin, end if end > begin else end + DAY_MINUTES


def _days(text: str) -> list[int]:
    if text == "daily":
        return list(range(len(_DAYS)))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError(f"{part!r} is no day; write Mon, Mon-Fri, Sat,Sun or daily")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    return days
