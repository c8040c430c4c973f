"""Calendars: weekly hours with the days that are otherwise, and the stretches of time in which one is open or closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.events import Text
from domain.time.weekly_hours import DAY_MINUTES, EMPTY_WEEK, MinuteSpan, Week

DEFAULT_TIMEZONE: Final = "Asia/Shanghai"
FAR_PAST_MINUTE: Final = 0
FAR_FUTURE_MINUTE: Final = 1 << 40
_THURSDAY: Final = 3
"""Day 0 of the epoch, 1970-01-01, counted from Monday."""
_QUIET_DAYS: Final = 9
"""Beyond the last date that it names a calendar only repeats its week: if a week changes nothing, nothing ever does."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When something is open: weekly hours, less the closed dates, and on the dates of `opened` their own hours instead.

    Shape: days are counted since 1970-01-01. Time: by the wall clock of `timezone`, the platform's where it is None. Hours
    belong to the day on which they begin, so a night shift runs to its end also into a closed date. `text` is the document
    it was read from.
    """

    name: str
    title: Text = field(default_factory=lambda: Text(en="", zh=""))
    week: Week = EMPTY_WEEK
    closed: frozenset[int] = frozenset()
    opened: Mapping[int, tuple[MinuteSpan, ...]] = field(default_factory=dict)
    timezone: str | None = None
    text: str = ""

    def hours_of(self, day: int) -> tuple[MinuteSpan, ...]:
        """The hours that begin on that day."""
        if (hours := self.opened.get(day)) is not None:
            return hours
        return () if day in self.closed else self.week[(day + _THURSDAY) % 7]

    def is_open_at(self, wall_minute: int) -> bool:
        """Whether it is open in that minute of the wall clock, counted since 1970-01-01 00:00 on that clock."""
        day, minute = divmod(wall_minute, DAY_MINUTES)
        return any(begin <= minute < end for begin, end in self.hours_of(day)) or any(
            minute + DAY_MINUTES < end for _, end in self.hours_of(day - 1)
        )

    def dates(self) -> tuple[int, int] | None:
        """The first and the last day that it names; None if it has only its week."""
        named = self.closed | self.opened.keys()
        return (min(named), max(named)) if named else None


class Calendars:
    """The calendars known, by name, and the zone of those that name none."""

    def __init__(self, timezone: str = DEFAULT_TIMEZONE, calendars: Iterable[Calendar] = ()) -> None:
        """Raises: zoneinfo.ZoneInfoNotFoundError."""
        self.zone = ZoneInfo(timezone)
        self.by_name: Mapping[str, Calendar] = {calendar.name: calendar for calendar in calendars}

    def zone_of(self, calendar: Calendar) -> ZoneInfo:
        return ZoneInfo(calendar.timezone) if calendar.timezone else self.zone


def day_number(text: str) -> int:
    """The day of `2026-10-01`, counted since 1970-01-01. Raises: ValueError."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


class OpenHours:
    """A calendar laid out on the time line of one zone."""

    def __init__(self, calendar: Calendar, zone: ZoneInfo) -> None:
        self._calendar = calendar
        self._zone = zone
        self._dates = calendar.dates()

    def span(self, minute: int) -> tuple[bool, int, int]:
        """Whether it is open in that minute since the epoch, and the minutes [begin, end) around it without a change.

        Where there is no change any more (or was none yet) the end is FAR_FUTURE_MINUTE (the beginning FAR_PAST_MINUTE).
        """
        day = minute // DAY_MINUTES
        runs = self._runs(day)
        at = max(i for i, (begin, _) in enumerate(runs) if begin <= minute)
        is_open = runs[at][1]
        end = runs[at + 1][0] if at + 1 < len(runs) else self._end(day, is_open)
        return is_open, runs[at][0] if at else self._begin(day, is_open), end

    def _end(self, day: int, is_open: bool) -> int:
        quiet_from = max(day, self._dates[1] if self._dates else day)
        while day < quiet_from + _QUIET_DAYS:
            day += 1
            for begin, open_then in self._runs(day):
                if open_then != is_open:
                    return begin
        return FAR_FUTURE_MINUTE

    def _begin(self, day: int, is_open: bool) -> int:
        """Where the stretch began that reaches back to the beginning of `day`."""
        quiet_before = min(day, self._dates[0] if self._dates else day)
        while day > quiet_before - _QUIET_DAYS:
            day -= 1
            runs = self._runs(day)
            if runs[-1][1] != is_open:
                return (day + 1) * DAY_MINUTES
            if len(runs) > 1:
                return runs[-1][0]
        return FAR_PAST_MINUTE

    def _runs(self, day: int) -> list[tuple[int, bool]]:
        """The stretches of one UTC day: when each begins, and whether it is open then. The first begins with the day."""
        first, last = day * DAY_MINUTES, (day + 1) * DAY_MINUTES
        early, late = self._offset(first), self._offset(last)
        edges = {first, self._clock_change(first, last, early) if early != late else first}
        for offset in {early, late}:
            wall_day = (first + offset) // DAY_MINUTES
            for near in (wall_day - 1, wall_day, wall_day + 1):
                for hours in self._calendar.hours_of(near):
                    edges.update(near * DAY_MINUTES + edge - offset for edge in hours)
        runs: list[tuple[int, bool]] = []
        for edge in sorted(edge for edge in edges if first <= edge < last):
            is_open = self._calendar.is_open_at(edge + self._offset(edge))
            if not runs or runs[-1][1] != is_open:
                runs.append((edge, is_open))
        return runs

    def _clock_change(self, first: int, last: int, early: int) -> int:
        """The minute in which the zone's clocks are put forward or back."""
        while last - first > 1:
            middle = (first + last) // 2
            if self._offset(middle) == early:
                first = middle
            else:
                last = middle
        return last

    def _offset(self, minute: int) -> int:
        offset = datetime.fromtimestamp(minute * 60, UTC).astimezone(self._zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds() // 60)
