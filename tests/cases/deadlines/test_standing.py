"""How a deadline stands: normal, due soon, overdue, again overdue, suspended."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.deadlines import (
    CityTimes,
    DeadlineStanding,
    WorkingCalendar,
    next_change_ms,
    soon_through_ms,
    status_of,
    status_of_case,
)
from cases.workflow.case import Case, Deadline, Term, TermUnit
from cases.workflow.performing import Act, perform
from cases.workflow.states import WITH_DEPARTMENT, State
from domain.actors import SYSTEM
from domain.time.units import DAY_MS, HOUR_MS
from tests.cases.deadlines.calendars import OFFICE, at, calendars, instants, told
from tests.cases.workflow.acting import DISPATCHER, DRAINAGE, case_in

TIMES = CityTimes(OFFICE)
TEN_HOURS = Term(unit=TermUnit.WORKING_HOUR, amount=10)
MONDAY = at("2026-11-23T08:30")


def started(at_ms: int, term: Term = TEN_HOURS, times: CityTimes = TIMES) -> Deadline:
    return Deadline(term=term, started_at_ms=at_ms, due_at_ms=times.after(at_ms, term))


@pytest.mark.parametrize(
    ("now", "standing", "left_h", "overdue_h", "times_overdue", "next_change"),
    [
        ("2026-11-23T08:30", DeadlineStanding.NORMAL, 10, 0, 0, "2026-11-24 09:30"),
        ("2026-11-24T09:29", DeadlineStanding.NORMAL, 121 / 60, 0, 0, "2026-11-24 09:30"),
        ("2026-11-24T09:30", DeadlineStanding.DUE_SOON, 2, 0, 0, "2026-11-24 11:30"),
        ("2026-11-24T11:30", DeadlineStanding.OVERDUE, 0, 0, 1, "2026-11-25 16:30"),
        ("2026-11-24T20:00", DeadlineStanding.OVERDUE, 0, 4, 1, "2026-11-25 16:30"),  # the night is not in it
        ("2026-11-25T16:30", DeadlineStanding.REPEATEDLY_OVERDUE, 0, 10, 2, "2026-11-27 10:30"),
        ("2026-11-27T10:30", DeadlineStanding.REPEATEDLY_OVERDUE, 0, 20, 3, "2026-11-30 15:30"),
    ],
)
def test_a_deadline_stands_as_its_own_time_goes_by(
    now: str, standing: DeadlineStanding, left_h: float, overdue_h: float, times_overdue: int, next_change: str
) -> None:
    status = status_of(started(MONDAY), at(now), TIMES)
    assert (status.standing, status.times_overdue) == (standing, times_overdue)
    assert (status.left_ms, status.overdue_ms) == (round(left_h * HOUR_MS), round(overdue_h * HOUR_MS))
    assert status.next_change_ms is not None
    assert told(status.next_change_ms) == next_change


def test_while_the_clock_is_stopped_a_deadline_is_suspended_and_nothing_changes() -> None:
    stopped = started(MONDAY).model_copy(update={"left_ms": HOUR_MS})
    status = status_of(stopped, MONDAY + 90 * DAY_MS, TIMES)
    assert (status.standing, status.left_ms, status.next_change_ms) == (DeadlineStanding.SUSPENDED, HOUR_MS, None)
    assert next_change_ms(stopped, MONDAY, TIMES) is None


@settings(deadline=None)
@given(calendars, instants, st.floats(0.5, 30), st.sampled_from(TermUnit), st.integers(0, 30 * DAY_MS))
def test_nothing_changes_before_the_next_change_and_something_does_then(
    calendar: WorkingCalendar, start_ms: int, amount: float, unit: TermUnit, passed_ms: int
) -> None:
    times = CityTimes(calendar)
    deadline = started(start_ms, Term(unit=unit, amount=amount), times)
    now_ms = start_ms + passed_ms
    status = status_of(deadline, now_ms, times)
    change_ms = status.next_change_ms
    assert change_ms is not None
    assert change_ms > now_ms
    before, then = (status_of(deadline, at_ms, times) for at_ms in (change_ms - 1, change_ms))
    assert (before.standing, before.times_overdue) == (status.standing, status.times_overdue)
    assert (then.standing, then.times_overdue) != (status.standing, status.times_overdue)
    soon = now_ms < deadline.due_at_ms <= soon_through_ms(deadline.term, now_ms, times)
    assert soon == (status.standing is DeadlineStanding.DUE_SOON)


@settings(deadline=None)
@given(calendars, instants, st.integers(1, 99), st.integers(0, 10 * DAY_MS), st.sampled_from(TermUnit))
def test_a_pause_does_not_change_how_much_counts_as_soon(
    calendar: WorkingCalendar, start_ms: int, percent: int, pause_ms: int, unit: TermUnit
) -> None:
    times = CityTimes(calendar)
    case = dispatched(start_ms, Term(unit=unit, amount=10), times)
    assert case.deadline is not None
    suspended_ms = start_ms + (case.deadline.due_at_ms - start_ms) * percent // 100
    paused = perform(case, Act("suspend", DISPATCHER, suspended_ms, note="frost"), times)
    status = status_of_case(paused, suspended_ms + pause_ms, times)
    assert status is not None
    assert status.standing is DeadlineStanding.SUSPENDED
    resumed = perform(paused, Act("resume", DISPATCHER, suspended_ms + pause_ms), times)
    assert resumed.deadline is not None
    fifth_ms = times.length_ms(resumed.deadline.term) // 5
    now_ms = suspended_ms + pause_ms
    status = status_of(resumed.deadline, now_ms, times)
    left_ms = times.left(now_ms, resumed.deadline.due_at_ms, unit)
    if left_ms:
        assert (status.standing is DeadlineStanding.NORMAL) == (left_ms > fifth_ms)


def test_more_time_moves_the_instant_from_which_it_is_due_soon() -> None:
    times = CityTimes(OFFICE)
    case = dispatched(MONDAY, TEN_HOURS, times)
    asked = perform(case, Act("ask_extension", DRAINAGE, MONDAY, more=TEN_HOURS, note="parts"), times)
    granted = perform(asked, Act("grant_extension", DISPATCHER, MONDAY), times)
    status = status_of_case(granted, at("2026-11-24T10:00"), times)
    assert status is not None
    assert status.standing is DeadlineStanding.NORMAL
    assert status.next_change_ms is not None
    assert told(status.next_change_ms) == "2026-11-25 14:30"


@pytest.mark.parametrize("state", State)
def test_a_clock_runs_only_while_a_department_has_the_case(state: State) -> None:
    status = status_of_case(case_in(state), at("2026-11-23T10:00"), TIMES)
    assert (status is not None) == (state in WITH_DEPARTMENT or state is State.SUSPENDED)


def dispatched(at_ms: int, term: Term, times: CityTimes) -> Case:
    filed = case_in(State.FILED, case_id=UUID(int=5))
    return perform(filed, Act("dispatch", SYSTEM, at_ms, department="drainage", term=term), times)
