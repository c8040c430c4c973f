"""Whether a book of cases is whole: every revision follows from the one before, and all tables say the same."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import Connection, select

from accounts.audit.log import read_audit, verify_audit
from cases.storage import CaseStore, HistoryEntry
from cases.storage.store import _entries, case_row
from cases.storage.tables import cases, columns_of, events, history
from cases.workflow.case import Attached, Case, Term
from cases.workflow.performing import Act, Times, perform
from cases.workflow.states import State
from cases.workflow.table import TRANSITIONS
from domain.actors import Actor, Role

_ANYBODY = frozenset({Role.ADMINISTRATOR, Role.SYSTEM})


def assert_sound(book: CaseStore, times: Times) -> list[Case]:
    """Every case, by number. Fails where anything is torn, doubled or missing."""
    with book.database.reading() as connection:
        found = [
            Case.model_validate_json(body)
            for body in connection.execute(select(cases.c.body).order_by(cases.c.number)).scalars()
        ]
        for case in found:
            assert_whole(connection, case, _entries(connection, case.case_id), times)
        assert_numbered_without_gaps(found)
        assert_events_belong(connection, found)
        assert_audited(connection)
    return found


def assert_whole(connection: Connection, case: Case, entries: Sequence[HistoryEntry], times: Times) -> None:
    """Each revision is what its act makes of the one before; the last is the case, in all its columns."""
    assert [entry.revision for entry in entries] == list(range(1, case.revision + 1)), case.number
    assert entries[-1].case == case
    row = connection.execute(select(cases).where(cases.c.case_id == str(case.case_id))).one()
    assert columns_of(row) == case_row(case)
    assert (entries[0].transition, entries[0].case.state) == ("report", State.REPORTED)
    for before, entry in pairwise(entries):
        assert entry.sequence > before.sequence
        assert before.case.state in TRANSITIONS[entry.transition].from_states, (case.number, entry.transition)
        assert perform(before.case, _act_of(entry), times) == entry.case, (case.number, entry.revision)


def assert_numbered_without_gaps(found: Sequence[Case]) -> None:
    by_year = defaultdict(list)
    for case in found:
        year, _, number = case.number.partition("-")
        by_year[year].append(int(number))
    for year, numbers in by_year.items():
        assert numbers == list(range(1, len(numbers) + 1)), year


def assert_events_belong(connection: Connection, found: Sequence[Case]) -> None:
    """Every event of a case is known to belong to one; none is open in two cases that are under way."""
    owners = {row.event_id: row.case_id for row in connection.execute(select(events))}
    ids = {str(case.case_id) for case in found}
    assert {str(one.event_id) for case in found for one in case.events} <= set(owners)
    assert set(owners.values()) <= ids
    under_way = Counter(one.event_id for case in found if not case.ended for one in case.events if one.open)
    assert [event_id for event_id, count in under_way.items() if count > 1] == []


def assert_audited(connection: Connection) -> None:
    """The chain holds, and has one row for each revision of each case, in the same order."""
    verdict = verify_audit(connection)
    assert verdict.holds, verdict
    numbers = {row.case_id: row.number for row in connection.execute(select(cases.c.case_id, cases.c.number))}
    made = [
        (f"case/{numbers[row.case_id]}", f"case.{row.transition}", row.revision, row.actor)
        for row in connection.execute(select(history).order_by(history.c.sequence))
    ]
    told = [
        (row.subject, row.action, row.details["revision"], row.actor)
        for row in reversed(read_audit(connection, limit=10_000_000))
        if row.action.startswith("case.") and "revision" in row.details
    ]
    assert told == made


def _act_of(entry: HistoryEntry) -> Act:
    """The act as its entry in the history tells it."""
    said = entry.details
    return Act(
        entry.transition,
        Actor(entry.actor, _ANYBODY),
        entry.at_ms,
        note=entry.note,
        department=said.get("department"),
        term=Term.model_validate(said["term"]) if "term" in said else None,
        more=Term.model_validate(said["more"]) if "more" in said else None,
        into=entry.case.merged_into,
        event=Attached.model_validate(said["event"]) if "event" in said else None,
        severity=entry.case.severity,
    )
