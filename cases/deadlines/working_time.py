"""A working calendar laid out on the time line: how much of it lies between two instants, and when so much has passed.

Days are those of UTC, so that every day is 24 hours long and clocks put forward or back stay inside of one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from cases.deadlines.calendar import WorkingCalendar, date_of
from domain.time.units import DAY_MS, MINUTE_MS

_EARLIEST_MS: Final = -DAY_MS
_LATEST_MS: Final = 3 * DAY_MS
"""Between these the hours of a local day lie, seen from its midnight as if that were UTC's; no zone is a day away."""

Stretch = tuple[int, int]
"""[begin, end) of working time, epoch ms."""


class WorkingTime:
    """The working time of one calendar. Pure to its callers; it remembers the days that it worked out, from any thread."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        self._days: dict[int, tuple[int, tuple[Stretch, ...]]] = {}

    def between(self, from_ms: int, to_ms: int) -> int:
        """How much working time lies in [from_ms, to_ms), ms; 0 where to_ms is not later."""
        if to_ms <= from_ms:
            return 0
        first, last = from_ms // DAY_MS, to_ms // DAY_MS
        if first == last:
            return self._before(last, to_ms) - self._before(first, from_ms)
        total = self._day(first)[0] - self._before(first, from_ms) + self._before(last, to_ms)
        for day in range(first + 1, last):
            total += self._day(day)[0]
        return total

    def reached(self, start_ms: int, amount_ms: int) -> int:
        """The first instant at which that much working time has passed since `start_ms`; `start_ms` itself for nothing."""
        if amount_ms <= 0:
            return start_ms
        day = start_ms // DAY_MS
        wanted_ms = amount_ms + self._before(day, start_ms)
        while (total := self._day(day)[0]) < wanted_ms:
            wanted_ms -= total
            day += 1
        for begin, end in self._day(day)[1]:
            if begin + wanted_ms <= end:
                return begin + wanted_ms
            wanted_ms -= end - begin
        raise AssertionError("a day holds the working time that it was counted to hold")

    def _before(self, day: int, at_ms: int) -> int:
        """The working time of a UTC day until then."""
        return sum(min(end, at_ms) - begin for begin, end in self._day(day)[1] if begin < at_ms)

    def _day(self, day: int) -> tuple[int, tuple[Stretch, ...]]:
        known = self._days.get(day)
        if known is None:
            stretches = tuple(self._lay_out(day))
            known = self._days[day] = (sum(end - begin for begin, end in stretches), stretches)
        return known

    def _lay_out(self, day: int) -> Iterator[Stretch]:
        """The stretches of a UTC day, sorted and without overlap: whenever the wall clock shows working hours."""
        first, last = day * DAY_MS, (day + 1) * DAY_MS
        found = []
        for local_day in range(day - 2, day + 2):
            for stretch in self._stretches(local_day):
                begin, end = max(stretch[0], first), min(stretch[1], last)
                if begin < end:
                    found.append((begin, end))
        reached = first
        for begin, end in sorted(found):
            if end > reached:
                yield max(begin, reached), end
                reached = end

    def _stretches(self, local_day: int) -> Iterator[Stretch]:
        """The hours of one local day in UTC, by the offset before a change of the clocks and the one after it."""
        midnight = local_day * DAY_MS
        early_ms, late_ms = midnight + _EARLIEST_MS, midnight + _LATEST_MS
        early, late = self._offset_ms(early_ms), self._offset_ms(late_ms)
        change = self._clock_change(early_ms, late_ms) if early != late else None
        for from_minute, to_minute in self._calendar.hours_of(date_of(local_day)):
            begin, end = midnight + from_minute * MINUTE_MS, midnight + to_minute * MINUTE_MS
            if change is None:
                yield begin - early, end - early
            else:
                yield begin - early, min(end - early, change)
                yield max(begin - late, change), end - late

    def _clock_change(self, early_ms: int, late_ms: int) -> int:
        """The instant between the two at which the zone's clocks are put forward or back."""
        early = self._offset_ms(early_ms)
        while late_ms - early_ms > 1:
            middle_ms = (early_ms + late_ms) // 2
            if self._offset_ms(middle_ms) == early:
                early_ms = middle_ms
            else:
                late_ms = middle_ms
        return late_ms

    def _offset_ms(self, at_ms: int) -> int:
        at = _EPOCH + timedelta(milliseconds=at_ms)
        offset = at.astimezone(self._calendar.zone).replace(tzinfo=UTC) - at
        return round(offset.total_seconds() * 1000)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
