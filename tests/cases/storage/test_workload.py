"""How much work the departments have, on SQLite and PostgreSQL."""

from typing import Any
from uuid import UUID

from cases.deadlines import CityTimes
from cases.storage import CaseStore
from cases.storage.workload import DepartmentLoad, workload
from cases.workflow.case import Case, Term, TermUnit
from cases.workflow.performing import Act
from domain.time.units import DAY_MS, HOUR_MS
from tests.cases.deadlines.calendars import OFFICE, at
from tests.cases.storage.test_store import a_report
from tests.cases.workflow.acting import DISPATCHER, DRAINAGE, LIGHTING, OPERATOR
from urbansense.wiring.shared_database import SharedDatabase

TIMES = CityTimes(OFFICE)
MONDAY = at("2026-11-23T08:30")
TEN_HOURS = Term(unit=TermUnit.WORKING_HOUR, amount=10)


def load(book: CaseStore, now_ms: int, areas: tuple[str, ...] = ()) -> dict[str | None, tuple[int, int, int, int]]:
    with book.database.reading() as connection:
        loads = workload(connection, now_ms, TIMES, areas)
    return {one.department: (one.open, one.due_soon, one.overdue, one.handled) for one in loads}


def dispatched(book: CaseStore, department: str, at_ms: int, term: Term = TEN_HOURS, **fields: Any) -> Case:
    case = book.report(a_report(**fields), OPERATOR, at_ms).case
    for step in ("accept", "send_to_verify", "verify"):
        book.act(case.case_id, Act(step, OPERATOR, at_ms))
    return book.act(case.case_id, Act("dispatch", DISPATCHER, at_ms, department=department, term=term))


def handled(book: CaseStore, case_id: UUID, at_ms: int) -> None:
    for step in ("take", "handle"):
        book.act(case_id, Act(step, DRAINAGE, at_ms, note="done"))


def test_a_book_without_cases_has_no_load(book: CaseStore) -> None:
    assert load(book, MONDAY) == {}


def test_the_load_counts_open_soon_due_and_overdue_cases_by_department(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    book.report(a_report(), OPERATOR, MONDAY)
    dispatched(book, "drainage", MONDAY)
    dispatched(book, "drainage", MONDAY, Term(unit=TermUnit.WORKING_DAY, amount=5))
    dispatched(book, "lighting", MONDAY, Term(unit=TermUnit.HOUR, amount=4))
    assert load(book, MONDAY) == {None: (1, 0, 0, 0), "drainage": (2, 0, 0, 0), "lighting": (1, 0, 0, 0)}
    tuesday = at("2026-11-24T09:30")
    assert load(book, tuesday)["drainage"] == (2, 1, 0, 0)
    assert load(book, tuesday)["lighting"] == (1, 0, 1, 0)
    assert load(book, at("2026-11-24T11:30"))["drainage"] == (2, 0, 1, 0)


def test_a_case_whose_clock_is_stopped_is_open_and_nothing_more(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    case = dispatched(book, "drainage", MONDAY)
    book.act(case.case_id, Act("suspend", DISPATCHER, MONDAY, note="frost"))
    assert load(book, MONDAY + 30 * DAY_MS) == {"drainage": (1, 0, 0, 0)}


def test_what_was_handled_counts_for_seven_days_also_when_it_is_closed(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    for days in range(9):
        case = dispatched(book, "drainage", MONDAY + days * DAY_MS)
        handled(book, case.case_id, MONDAY + days * DAY_MS)
        for step in ("send_to_check", "close"):
            book.act(case.case_id, Act(step, OPERATOR, MONDAY + days * DAY_MS))
    now_ms = MONDAY + 8 * DAY_MS
    assert load(book, now_ms) == {"drainage": (0, 0, 0, 8)}
    assert load(book, now_ms + 1) == {"drainage": (0, 0, 0, 7)}
    assert load(book, now_ms + 7 * DAY_MS + 1) == {}


def test_a_return_takes_the_case_out_of_the_department(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    case = dispatched(book, "lighting", MONDAY)
    book.act(case.case_id, Act("return", LIGHTING, MONDAY + HOUR_MS, note="not ours"))
    with book.database.reading() as connection:
        assert workload(connection, MONDAY + HOUR_MS, TIMES) == (DepartmentLoad(None, 1, 0, 0, 0),)


def test_whose_scope_is_an_area_sees_the_load_within_it_and_of_cases_without_one(case_database: SharedDatabase) -> None:
    book = CaseStore(case_database, TIMES)
    for area in ("320582/110", "320582/110/152", "320582/1101", "320582/9", None):
        case = dispatched(book, "drainage", MONDAY, area=area)
        if area != "320582/110":
            handled(book, case.case_id, MONDAY)
    later = at("2026-11-24T10:00")
    assert load(book, later)["drainage"] == (5, 1, 0, 4)
    assert load(book, later, ("320582/110",))["drainage"] == (3, 1, 0, 2)
    assert load(book, at("2026-11-24T12:00"), ("320582/110",))["drainage"] == (3, 0, 1, 2)
    assert load(book, later, ("320582/9", "320582/1101"))["drainage"] == (3, 0, 0, 3)
