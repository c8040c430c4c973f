"""Quiet hours by the city's wall clock. Pure."""

from typing import Final
from zoneinfo import ZoneInfo

from cases.deadlines import WorkingCalendar
from cases.deadlines.working_time import WorkingTime
from domain.time.weekly_hours import DAY_MINUTES, Week

_WEEK_MINUTES: Final = 7 * DAY_MINUTES


class QuietHours:
    """When somebody is left alone but for what is critical. An empty week has no such hours.

    Raises: ValueError where no minute of the week is left to send anything in.
    """

    def __init__(self, week: Week, zone: ZoneInfo) -> None:
        self._time = WorkingTime(WorkingCalendar(zone, _rest_of(week))) if any(week) else None

    def end_ms(self, now_ms: int) -> int:
        """The first instant from now on that is not quiet: `now_ms` itself where it is not."""
        return now_ms if self._time is None else self._time.reached(now_ms, 1) - 1


def _rest_of(week: Week) -> Week:
    """The hours that a week leaves free, of each day."""
    taken = [False] * _WEEK_MINUTES
    for day, spans in enumerate(week):
        for begin, end in spans:
            for minute in range(begin, end):
                taken[(day * DAY_MINUTES + minute) % _WEEK_MINUTES] = True
    return tuple(tuple(_runs(taken[day * DAY_MINUTES : (day + 1) * DAY_MINUTES])) for day in range(7))


def _runs(taken: list[bool]) -> list[tuple[int, int]]:
    edges = [minute for minute in range(DAY_MINUTES + 1) if _is_free(taken, minute) != _is_free(taken, minute - 1)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _is_free(taken: list[bool], minute: int) -> bool:
    return 0 <= minute < DAY_MINUTES and not taken[minute]
