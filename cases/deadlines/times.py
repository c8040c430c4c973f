"""Terms on the city's calendar."""

from typing import assert_never

from cases.deadlines.calendar import WorkingCalendar
from cases.deadlines.working_time import WorkingTime
from cases.workflow.case import Term, TermUnit
from domain.time.units import HOUR_MS


class CityTimes:
    """Implements `cases.workflow.Times`: hours of the clock, working hours, and working days of the calendar.

    A working day is a fixed amount of working time (`WorkingCalendar.working_day_ms`), so that a pause takes nothing from
    a term and adds nothing to it. Exact to the millisecond. Safe from many threads.
    """

    def __init__(self, calendar: WorkingCalendar) -> None:
        self.calendar = calendar
        self._working = WorkingTime(calendar)
        self._working_day_ms = calendar.working_day_ms

    def length_ms(self, term: Term) -> int:
        """How long a term is in its own kind of time, at least 1 ms."""
        match term.unit:
            case TermUnit.HOUR | TermUnit.WORKING_HOUR:
                unit_ms = HOUR_MS
            case TermUnit.WORKING_DAY:
                unit_ms = self._working_day_ms
            case _:
                assert_never(term.unit)
        return max(1, round(term.amount * unit_ms))

    def after(self, start_ms: int, term: Term) -> int:
        """The instant at which a term that starts then is over: the end of an afternoon, never the next morning."""
        return self.resume(start_ms, self.length_ms(term), term.unit)

    def left(self, from_ms: int, to_ms: int, unit: TermUnit) -> int:
        """How much time of that unit's kind lies in [from_ms, to_ms), ms; 0 where to_ms is not later."""
        return max(0, to_ms - from_ms) if unit is TermUnit.HOUR else self._working.between(from_ms, to_ms)

    def resume(self, at_ms: int, left_ms: int, unit: TermUnit) -> int:
        """The first instant by which `left_ms` of that unit's kind of time has passed since `at_ms`."""
        return at_ms + max(0, left_ms) if unit is TermUnit.HOUR else self._working.reached(at_ms, left_ms)
