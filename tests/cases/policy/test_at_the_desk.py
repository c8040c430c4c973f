"""The shipped policy at work: an event becomes a case with a department and a deadline, by itself."""

import pytest

from cases.deadlines import DeadlineStanding, status_of_case
from cases.intake import Intake, PublishedEvent
from cases.policy import load_policy
from cases.storage import CaseQuery, CaseStore
from cases.workflow.states import State
from domain.devices import Device
from domain.events import Event, Severity, Status, Transition
from domain.time.units import HOUR_MS
from tests.cases.deadlines.calendars import at, told
from tests.cases.policy.test_policy import event
from urbansense.wiring.shared_database import SharedDatabase

SATURDAY = at("2026-11-21T23:00")
POLICY = load_policy()
TIMES = POLICY.times
NO_DEVICES: dict[str, Device] = {}


@pytest.fixture
def book(case_database: SharedDatabase) -> CaseStore:
    return CaseStore(case_database, TIMES)


def tell(book: CaseStore, told_of: Event, at_ms: int) -> None:
    with book.transaction() as transaction:
        Intake(POLICY, NO_DEVICES.get).take_in(transaction, PublishedEvent(told_of, Transition.OPENED, at_ms), at_ms)


def test_a_missing_cover_on_a_saturday_night_is_due_in_six_hours(book: CaseStore) -> None:
    tell(book, event("cover-missing", Severity.CRITICAL), SATURDAY)
    (case,) = book.find(CaseQuery()).items
    assert (case.state, case.department) == (State.DISPATCHED, "drainage")
    assert case.deadline is not None
    assert told(case.deadline.due_at_ms) == "2026-11-22 05:00"
    status = status_of_case(case, SATURDAY + 5 * HOUR_MS, TIMES)
    assert status is not None
    assert status.standing is DeadlineStanding.DUE_SOON


def test_a_tilted_cover_waits_for_monday_and_is_checked_when_it_lies_flat(book: CaseStore) -> None:
    tilted = event("cover-tilted", Severity.MINOR)
    tell(book, tilted, SATURDAY)
    (case,) = book.find(CaseQuery()).items
    assert case.deadline is not None
    assert told(case.deadline.due_at_ms) == "2026-11-24 15:30"
    cleared = tilted.model_copy(update={"status": Status.CLEARED, "revision": 2, "cleared_at_ms": 1})
    tell(book, cleared, SATURDAY + HOUR_MS)
    (case,) = book.find(CaseQuery()).items
    assert case.state is State.CHECKING


def test_what_nobody_need_answer_makes_no_case(book: CaseStore) -> None:
    tell(book, event("ponding", Severity.WARNING), SATURDAY)
    tell(book, event("cover-moved", Severity.CRITICAL), SATURDAY)
    assert book.find(CaseQuery()).items == ()
