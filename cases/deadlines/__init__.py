"""By when a case must be handled: working hours, holidays and terms on them, and how a deadline stands."""

from cases.deadlines.calendar import OFFICE_WEEK, WorkingCalendar
from cases.deadlines.hours import parse_day_hours, parse_week
from cases.deadlines.standing import (
    DeadlineStanding,
    DeadlineStatus,
    next_change_ms,
    soon_through_ms,
    status_of,
    status_of_case,
)
from cases.deadlines.times import CityTimes

__all__ = [
    "OFFICE_WEEK",
    "CityTimes",
    "DeadlineStanding",
    "DeadlineStatus",
    "WorkingCalendar",
    "next_change_ms",
    "parse_day_hours",
    "parse_week",
    "soon_through_ms",
    "status_of",
    "status_of_case",
]
