"""The book of cases on SQLite and PostgreSQL: nothing doubled, nothing lost, one of two wins."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from accounts.audit.log import read_audit, verify_audit
from cases.storage import CaseQuery, CaseStore, Conflict, KeyReused, Order, UnknownCase
from cases.workflow.case import Attached, Case, Source
from cases.workflow.performing import Act
from cases.workflow.refusals import Illegal
from cases.workflow.report import Report
from cases.workflow.states import State
from domain.actors import SYSTEM
from domain.events import Severity, Text
from domain.time.units import HOUR_MS
from tests.cases.workflow.acting import DISPATCHER, DRAINAGE, FOUR_HOURS, MAIN_PATH, NOON_MS, OPERATOR, TIMES
from urbansense.wiring.shared_database import SharedDatabase


def a_report(**fields: Any) -> Report:
    known: dict[str, Any] = {
        "source": Source.HOTLINE,
        "problem": "cover-open",
        "title": Text(en="Cover open", zh="井盖开启"),
        "occurred_at_ms": NOON_MS - HOUR_MS,
        "area": "320582/110/152/102",
    }
    return Report(**{**known, **fields})


def an_event() -> Attached:
    return Attached(event_id=uuid4(), rule="cover-open", subject="MH-1")


def led_to(book: CaseStore, state: State, **fields: Any) -> Case:
    case = book.report(a_report(**fields), OPERATOR, NOON_MS).case
    for transition, actor, details in MAIN_PATH:
        if case.state is state:
            break
        case = book.act(case.case_id, Act(transition, actor, NOON_MS, **details))
    return case


def test_a_report_becomes_a_numbered_case_that_is_found_by_id_and_number(book: CaseStore) -> None:
    first = book.report(a_report(), OPERATOR, NOON_MS)
    second = book.report(a_report(), OPERATOR, NOON_MS)
    assert (first.created, second.created) == (True, True)
    assert (first.case.number, second.case.number) == ("2026-000001", "2026-000002")
    assert book.get(first.case.case_id) == book.get("2026-000001") == first.case
    assert book.get("2026-000009") is None
    assert book.get(uuid4()) is None


def test_the_same_report_under_the_same_key_is_one_case(book: CaseStore) -> None:
    first = book.report(a_report(), OPERATOR, NOON_MS, key="a1")
    again = book.report(a_report(), OPERATOR, NOON_MS + 5, key="a1")
    assert (again.created, again.case) == (False, first.case)
    assert book.report(a_report(), DISPATCHER, NOON_MS, key="a1").created
    with pytest.raises(KeyReused) as refused:
        book.report(a_report(problem="lamp-out"), OPERATOR, NOON_MS, key="a1")
    assert refused.value.case_id == first.case.case_id


def test_an_event_belongs_to_one_case_for_ever(book: CaseStore) -> None:
    event = an_event()
    first = book.report(a_report(events=(event,)), SYSTEM, NOON_MS).case
    assert book.report(a_report(events=(event,)), SYSTEM, NOON_MS).case == first
    other = book.report(a_report(), SYSTEM, NOON_MS).case
    book.act(first.case_id, Act("merge", SYSTEM, NOON_MS, into=other.case_id))
    with book.transaction() as transaction:
        found = transaction.case_of_event(event.event_id)
    assert found is not None
    assert (found.case_id, found.events) == (other.case_id, (event,))
    assert book.report(a_report(events=(event,)), SYSTEM, NOON_MS).case == found


@pytest.mark.parametrize("ended", [State.CLOSED, State.MERGED, State.REJECTED])
def test_a_case_that_has_ended_takes_no_other_in(book: CaseStore, ended: State) -> None:
    target = book.report(a_report(), OPERATOR, NOON_MS).case
    match ended:
        case State.CLOSED:
            target = led_to(book, State.CLOSED)
        case State.MERGED:
            book.act(target.case_id, Act("merge", OPERATOR, NOON_MS, into=led_to(book, State.FILED).case_id))
        case _:
            book.act(target.case_id, Act("reject", OPERATOR, NOON_MS, note="no such place"))
    other = book.report(a_report(), OPERATOR, NOON_MS).case
    with pytest.raises(Illegal, match=f"is {ended} and takes no other case in") as refused:
        book.act(other.case_id, Act("merge", OPERATOR, NOON_MS, into=target.case_id))
    assert "merge" not in refused.value.legal
    assert book.get(other.case_id) == other


def test_every_step_is_in_the_history_and_in_the_outbox_in_order(book: CaseStore) -> None:
    case = led_to(book, State.CLOSED)
    entries = book.history(case.case_id)
    assert [entry.transition for entry in entries] == ["report", *(name for name, _, _ in MAIN_PATH)]
    assert [entry.revision for entry in entries] == list(range(1, 10))
    assert entries[-1].case == case
    assert entries[4].details == {"department": "drainage", "term": {"unit": "hour", "amount": 4.0}}
    assert (entries[4].actor, entries[6].note) == ("dima", "cover put back")
    pending = book.pending(100)
    assert [(one.case_id, one.revision) for one in pending] == [(case.case_id, n) for n in range(1, 10)]
    assert Case.model_validate_json(pending[-1].body) == case
    book.mark_published(pending[:4])
    assert book.pending(100) == pending[4:]
    assert book.pending(2) == pending[4:6]


def test_every_step_is_in_the_audit_log_by_who_took_it(book: CaseStore) -> None:
    case = led_to(book, State.DISPATCHED)
    with book.database.reading() as connection:
        entries = read_audit(connection, subject=f"case/{case.number}")
        assert verify_audit(connection).rows == 5
    assert [(entry.actor, entry.action) for entry in reversed(entries)] == [
        ("olga", "case.report"),
        ("olga", "case.accept"),
        ("olga", "case.send_to_verify"),
        ("olga", "case.verify"),
        ("dima", "case.dispatch"),
    ]
    assert entries[0].details["department"] == "drainage"


def test_a_refused_act_leaves_no_trace(book: CaseStore) -> None:
    case = book.report(a_report(), OPERATOR, NOON_MS).case
    with pytest.raises(Illegal):
        book.act(case.case_id, Act("close", OPERATOR, NOON_MS))
    assert book.get(case.case_id) == case
    assert len(book.history(case.case_id)) == 1
    with pytest.raises(UnknownCase):
        book.act(uuid4(), Act("accept", OPERATOR, NOON_MS))
    with pytest.raises(UnknownCase, match="merge into"):
        book.act(case.case_id, Act("merge", OPERATOR, NOON_MS, into=uuid4()))


def test_who_acts_on_an_older_revision_is_told_what_happened_meanwhile(book: CaseStore) -> None:
    case = book.report(a_report(), OPERATOR, NOON_MS).case
    now = book.act(case.case_id, Act("accept", OPERATOR, NOON_MS), expected_revision=1)
    with pytest.raises(Conflict, match="accept by olga") as refused:
        book.act(case.case_id, Act("reject", OPERATOR, NOON_MS, note="no"), expected_revision=1)
    assert refused.value.case == now
    assert [entry.transition for entry in refused.value.meanwhile] == ["accept"]


def test_of_two_who_act_at_once_one_wins(book: CaseStore) -> None:
    case = book.report(a_report(), OPERATOR, NOON_MS).case

    def accept(_: int) -> bool:
        try:
            book.act(case.case_id, Act("accept", OPERATOR, NOON_MS), expected_revision=1)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(accept, range(8))) == 1
    assert len(book.history(case.case_id)) == 2


def test_numbers_have_no_gaps_however_many_report_at_once(book: CaseStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: book.report(a_report(), OPERATOR, NOON_MS).case.number, range(40)))
    assert sorted(numbers) == [f"2026-{n:06d}" for n in range(1, 41)]


def test_what_is_done_together_is_done_or_undone_together(book: CaseStore) -> None:
    def fail_at_the_end() -> None:
        with book.transaction() as transaction:
            transaction.report(a_report(), OPERATOR, NOON_MS)
            transaction.commit_positions("desk", {("city.events", 3): 7})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_the_end()
    assert book.find(CaseQuery()).items == ()
    assert book.report(a_report(), OPERATOR, NOON_MS).case.number == "2026-000001"
    for reached in (7, 9):
        with book.transaction() as transaction:
            transaction.commit_positions("desk", {("city.events", 3): reached})
    with book.transaction() as transaction:
        assert transaction.positions("desk") == {("city.events", 3): 9}
        assert transaction.positions("another") == {}


def test_a_slower_follower_takes_no_place_back(book: CaseStore) -> None:
    """Of two desks of one name, the slower commits what the other has passed; the other goes on from where it was."""
    for offset in (3, 9, 5):
        with book.transaction() as transaction:
            transaction.commit_positions("desk", {("city.events", 1): offset})
    with book.transaction() as transaction:
        assert transaction.positions("desk") == {("city.events", 1): 9}


class TestLists:
    @pytest.fixture
    def cases(self, book: CaseStore) -> list[Case]:
        found = []
        for n in range(7):
            report = a_report(
                area=f"320582/11{n % 2}/1",
                severity=[Severity.MAJOR, Severity.MINOR][n % 2],
                description=f"beside house {n}%",
                source=[Source.HOTLINE, Source.INSPECTOR][n % 2],
            )
            found.append(book.report(report, OPERATOR, NOON_MS + n // 2).case)
        return found

    def test_pages_hold_every_case_once_newest_first(self, book: CaseStore, cases: list[Case]) -> None:
        seen: list[UUID] = []
        cursor = None
        while True:
            page = book.find(CaseQuery(limit=2, cursor=cursor))
            assert len(page.items) <= 2
            seen += [case.case_id for case in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert sorted(map(str, seen)) == sorted(str(case.case_id) for case in cases)
        reported = {case.case_id: case.reported_at_ms for case in cases}
        assert [reported[case_id] for case_id in seen] == sorted(reported.values(), reverse=True)

    @pytest.mark.parametrize(
        ("wanted", "numbers"),
        [
            ({"area": "320582/110"}, [1, 3, 5, 7]),
            ({"area": "320582/11"}, []),
            ({"areas": ("320582/111", "9")}, [2, 4, 6]),
            ({"severity": Severity.MINOR, "source": Source.INSPECTOR}, [2, 4, 6]),
            ({"text": "HOUSE 4%"}, [5]),
            ({"text": "house _"}, []),
            ({"reported_from_ms": NOON_MS + 1, "reported_to_ms": NOON_MS + 3}, [3, 4, 5, 6]),
            ({"states": (State.CLOSED,)}, []),
            ({"open": True, "problem": "cover-open"}, [1, 2, 3, 4, 5, 6, 7]),
            ({"open": False}, []),
        ],
    )
    def test_a_list_holds_what_matches_every_filter(
        self, book: CaseStore, cases: list[Case], wanted: dict[str, Any], numbers: list[int]
    ) -> None:
        found = book.find(CaseQuery(**wanted))
        assert sorted(int(case.number[-6:]) for case in found.items) == numbers
        assert book.count(CaseQuery(**wanted)) == len(numbers)

    def test_what_is_due_comes_by_its_deadline_and_only_while_the_clock_runs(self, book: CaseStore) -> None:
        early, late = led_to(book, State.IN_PROGRESS), led_to(book, State.FILED)
        late = book.act(
            late.case_id,
            Act("dispatch", DISPATCHER, NOON_MS + HOUR_MS, department="drainage", term=FOUR_HOURS),
        )
        handled = led_to(book, State.HANDLED)
        due = book.find(CaseQuery(order=Order.DUE, limit=1))
        assert due.items == (early,)
        assert book.find(CaseQuery(order=Order.DUE, limit=1, cursor=due.next)).items == (late,)
        assert book.find(CaseQuery(due_before_ms=NOON_MS + 4 * HOUR_MS + 1)).items == (early,)
        assert handled not in book.find(CaseQuery(order=Order.DUE)).items
        book.act(early.case_id, Act("suspend", DISPATCHER, NOON_MS, note="frost"))
        assert book.find(CaseQuery(order=Order.DUE)).items == (late,)

    @pytest.mark.parametrize("cursor", ["zz", "00", "5b5d", "5b22647565222c312c2261225d"])
    def test_a_cursor_from_elsewhere_is_refused(self, book: CaseStore, cursor: str) -> None:
        with pytest.raises(ValueError, match="was not given"):
            book.find(CaseQuery(cursor=cursor))


def test_a_department_sees_its_own(book: CaseStore) -> None:
    mine = led_to(book, State.IN_PROGRESS)
    led_to(book, State.FILED)
    assert book.find(CaseQuery(department="drainage")).items == (mine,)
    assert mine.handler == DRAINAGE.name


def test_the_year_of_a_number_is_the_city_s(case_database: SharedDatabase) -> None:
    """Half past midnight on New Year's Day in Shanghai is still the old year in UTC."""
    book = CaseStore(case_database, TIMES, ZoneInfo("Asia/Shanghai"))
    new_year_ms = 1_798_734_600_000
    assert book.report(a_report(), OPERATOR, new_year_ms).case.number == "2027-000001"
    assert CaseStore(case_database, TIMES).report(a_report(), OPERATOR, new_year_ms).case.number == "2026-000001"
