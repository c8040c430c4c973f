"""When the city works: weekly hours, less the holidays, and the make-up days (调休) with hours of their own."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from domain.time.units import MINUTE_MS
from domain.time.weekly_hours import MinuteSpan, Week

_EPOCH: Final = date(1970, 1, 1).toordinal()

_OFFICE_DAY: Final[tuple[MinuteSpan, ...]] = ((510, 720), (840, 1050))
OFFICE_WEEK: Final[Week] = (*([_OFFICE_DAY] * 5), (), ())
"""Monday to Friday 08:30-12:00 and 14:00-17:30."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The working time of a city, by the wall clock of `zone`.

    Hours belong to the day on which they begin: a night shift runs to its end also into a holiday. `opened` names days with
    hours of their own, whatever the week or `holidays` contain. A week without any hours is refused: no term would end.
    `day_ms` is what a working day counts as, see `working_day_ms`. Raises: ValueError.
    """

    zone: ZoneInfo
    week: Week = OFFICE_WEEK
    holidays: frozenset[date] = frozenset()
    opened: Mapping[date, tuple[MinuteSpan, ...]] = field(default_factory=lambda: MappingProxyType({}))
    day_ms: int | None = None

    def __post_init__(self) -> None:
        if len(self.week) != 7 or not any(self.week):
            raise ValueError("a week has seven days, and working hours on one of them at least")
        if self.day_ms is not None and self.day_ms <= 0:
            raise ValueError("a working day is longer than nothing")

    def hours_of(self, day: date) -> tuple[MinuteSpan, ...]:
        """The hours that begin on that day."""
        own = self.opened.get(day)
        if own is not None:
            return own
        return () if day in self.holidays else self.week[day.weekday()]

    @property
    def working_day_ms(self) -> int:
        """What a working day counts as: as much working time as most days of the week have, the longer of two equals.

        A term of two working days is then twice that much working time: it ends two working days later at the same time of
        day, and whoever is given a case at 17:29 loses nothing by it.
        """
        if self.day_ms is not None:
            return self.day_ms
        lengths = Counter(minutes for hours in self.week if (minutes := sum(end - begin for begin, end in hours)))
        return max(lengths, key=lambda minutes: (lengths[minutes], minutes)) * MINUTE_MS

    @property
    def known_through(self) -> date | None:
        """The last day of the last year whose holidays are known; later years are taken as if they had none."""
        named = self.holidays | self.opened.keys()
        return date(max(named).year, 12, 31) if named else None


def epoch_day(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def date_of(day: int) -> date:
    """The date of a day counted since 1970-01-01."""
    return date.fromordinal(day + _EPOCH)
