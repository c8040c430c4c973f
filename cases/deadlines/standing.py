"""How a deadline stands, and when that changes next.

   started            a fifth of the term left        due              due + a term        due + two terms
normal ─────────────────────▶ due soon ─────────────▶ overdue ─────────▶ repeatedly overdue ─────▶ …
                          suspended, while the clock is stopped
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cases.deadlines.times import CityTimes
from cases.workflow.case import Case, Deadline, Term
from cases.workflow.states import WITH_DEPARTMENT, State

_FIFTH: Final = 5
"""Due soon from 80 % of the term on (即将超时): while a fifth of it or less is left."""


class DeadlineStanding(StrEnum):
    """正常、即将超时、超时、多次超时、挂账."""

    NORMAL = "normal"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    REPEATEDLY_OVERDUE = "repeatedly_overdue"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class DeadlineStatus:
    """A deadline at one instant.

    Units: `left_ms` and `overdue_ms` are in the term's own kind of time, so that a night is not in them where offices
    close. `times_overdue` is 0 before `due_at_ms`, 1 from that instant on, and one more with each further whole term that
    passes. Time: `next_change_ms` is the first instant at which standing or `times_overdue` will be another; None while
    the clock is stopped.
    """

    standing: DeadlineStanding
    left_ms: int
    overdue_ms: int
    times_overdue: int
    next_change_ms: int | None


def status_of(deadline: Deadline, now_ms: int, times: CityTimes) -> DeadlineStatus:
    """How a deadline stands then.

    Pauses and granted extensions move the due instant and leave alone what counts as soon: a fifth of the term.
    """
    if deadline.left_ms is not None:
        return DeadlineStatus(DeadlineStanding.SUSPENDED, deadline.left_ms, 0, 0, None)
    unit, term_ms = deadline.term.unit, times.length_ms(deadline.term)
    if now_ms < deadline.due_at_ms:
        left_ms = times.left(now_ms, deadline.due_at_ms, unit)
        if left_ms <= term_ms // _FIFTH:
            return DeadlineStatus(DeadlineStanding.DUE_SOON, left_ms, 0, 0, deadline.due_at_ms)
        return DeadlineStatus(
            DeadlineStanding.NORMAL, left_ms, 0, 0, times.resume(now_ms, left_ms - term_ms // _FIFTH, unit)
        )
    overdue_ms = times.left(deadline.due_at_ms, now_ms, unit)
    times_overdue = 1 + overdue_ms // term_ms
    standing = DeadlineStanding.OVERDUE if times_overdue == 1 else DeadlineStanding.REPEATEDLY_OVERDUE
    next_ms = times.resume(deadline.due_at_ms, times_overdue * term_ms, unit)
    return DeadlineStatus(standing, 0, overdue_ms, times_overdue, next_ms)


def status_of_case(case: Case, now_ms: int, times: CityTimes) -> DeadlineStatus | None:
    """How a case's deadline stands; None where no department has it and no clock runs."""
    if case.deadline is None or case.state not in WITH_DEPARTMENT | {State.SUSPENDED}:
        return None
    return status_of(case.deadline, now_ms, times)


def next_change_ms(deadline: Deadline, now_ms: int, times: CityTimes) -> int | None:
    """When to look at a deadline again; None while its clock is stopped."""
    return status_of(deadline, now_ms, times).next_change_ms


def soon_through_ms(term: Term, now_ms: int, times: CityTimes) -> int:
    """The latest due instant of a deadline of that term that is due soon by now, for counting many without one by one."""
    return times.resume(now_ms, times.length_ms(term) // _FIFTH + 1, term.unit) - 1
