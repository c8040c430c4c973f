"""Working hours as a city writes them: weekly hours, of which a day named must have some."""

from collections.abc import Iterable, Sequence

from domain.time import weekly_hours
from domain.time.weekly_hours import MinuteSpan, Week


def parse_week(texts: Iterable[str]) -> Week:
    """As `domain.time.weekly_hours.parse_weekly_hours`, but each text needs hours behind its days. Raises: ValueError."""
    lines = list(texts)
    for text in lines:
        _need_hours(text.split()[1:])
    return weekly_hours.parse_weekly_hours(lines)


def parse_day_hours(texts: Sequence[str]) -> tuple[MinuteSpan, ...]:
    """The hours of one day, such as 08:30-12:00 and 14:00-17:30. Raises: ValueError, also where there are none."""
    _need_hours(texts)
    return weekly_hours.parse_day_hours(texts)


def _need_hours(hours: Sequence[str]) -> None:
    if not hours:
        raise ValueError("hours are missing; write for example Mon-Fri 08:30-12:00 14:00-17:30")
