"""The store of cases: reporting, acting, reading, each call one transaction.

report ──▶ case, revision 1 ─┐
act    ──▶ case, revision n ─┴─▶ row of `cases` + row of `cases_history` (history and outbox), committed together
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Connection, insert, select, update

from accounts.audit.log import append_audit
from accounts.ports import Database
from cases.storage import finding
from cases.storage.entries import Conflict, HistoryEntry, KeyReused, Publication, UnknownCase, entry_of
from cases.storage.finding import CasePage, CaseQuery
from cases.storage.migrations.upgrading import upgrade
from cases.storage.tables import cases, events, history, keys, numbers, positions
from cases.workflow.case import Case
from cases.workflow.performing import Act, Times, perform
from cases.workflow.refusals import Illegal
from cases.workflow.report import Report
from cases.workflow.states import WITH_DEPARTMENT, State
from cases.workflow.table import REPORT, legal_from
from domain.actors import SYSTEM, Actor

_MILLISECONDS: Final = 1000
_MOST_WORDS: Final = 600
"""Characters of a case that a search looks into: an entry of PostgreSQL's indexes has at most 2,704 bytes."""


class Reported(NamedTuple):
    """What a report became; `created` is False where the same report had come before."""

    case: Case
    created: bool


class CaseStore:
    """All cases of one database. Synchronous, and safe from many threads: async code calls it by asyncio.to_thread.

    Opening it, or where the database is away its first use, brings the schemas of accounts and cases to their newest
    versions. `times` counts terms on the city's calendar; `zone` is the city's, for the year in a case's number.
    Raises, from every method: domain.errors.TransientFault when the database does not answer.
    """

    def __init__(self, database: Database, times: Times, zone: tzinfo = UTC) -> None:
        self.database = database
        self._times = times
        self._zone = zone
        database.prepare(partial(upgrade, database))

    def report(self, report: Report, actor: Actor, at_ms: int, *, key: str | None = None) -> Reported:
        """`CaseTransaction.report`, alone."""
        with self.transaction() as transaction:
            return transaction.report(report, actor, at_ms, key=key)

    def act(self, case_id: UUID, act: Act, expected_revision: int | None = None) -> Case:
        """`CaseTransaction.act`, alone."""
        with self.transaction() as transaction:
            return transaction.act(case_id, act, expected_revision)

    def get(self, name: str | UUID) -> Case | None:
        """The case of that id or number."""
        with self.database.reading() as connection:
            return _read(connection, name)

    def history(self, case_id: UUID) -> tuple[HistoryEntry, ...]:
        """Every step of a case, the first one first; empty for an unknown case."""
        with self.database.reading() as connection:
            return _entries(connection, case_id)

    def find(self, query: CaseQuery) -> CasePage:
        """Raises: ValueError where the cursor was not given by an earlier page."""
        with self.database.reading() as connection:
            return finding.read_page(connection, query)

    def count(self, query: CaseQuery) -> int:
        """How many cases match, on every page."""
        with self.database.reading() as connection:
            return finding.count(connection, query)

    @contextmanager
    def transaction(self) -> Iterator["CaseTransaction"]:
        """Several things done together or not at all: committed at the end, undone by any exception."""
        with self.database.writing() as connection:
            yield CaseTransaction(connection, self._times, self._zone)

    def pending(self, limit: int) -> list[Publication]:
        """Up to `limit` revisions that `city.cases` does not hold yet, in the order in which they were made."""
        wanted = select(history).where(history.c.published.is_(False)).order_by(history.c.sequence).limit(limit)
        with self.database.reading() as connection:
            rows = connection.execute(wanted).all()
        return [
            Publication(row.sequence, UUID(row.case_id), row.revision, row.transition, row.at_ms, row.body.encode())
            for row in rows
        ]

    def revision_at(self, sequence: int) -> str | None:
        """The name of the revision that has this place in the outbox (see `Publication.name`), if one has."""
        wanted = select(history.c.case_id, history.c.revision).where(history.c.sequence == sequence)
        with self.database.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else f"{row.case_id}/{row.revision}"

    def mark_published(self, publications: Collection[Publication]) -> None:
        """Note that the topic holds these."""
        sequences = [publication.sequence for publication in publications]
        with self.database.writing() as connection:
            connection.execute(update(history).where(history.c.sequence.in_(sequences)).values(published=True))


class CaseTransaction:
    """The verbs of the store on one connection. Not for several threads."""

    def __init__(self, connection: Connection, times: Times, zone: tzinfo = UTC) -> None:
        self.connection = connection
        self._times = times
        self._zone = zone

    def report(
        self, report: Report, actor: Actor, at_ms: int, *, key: str | None = None, fingerprint: str | None = None
    ) -> Reported:
        """The new case of a report; the one it became before, if this reporter used the same key.

        An event that belongs to a case already makes no second one: that case is returned. `fingerprint` keeps two reports
        under one key apart; the report's own by default. Raises: KeyReused where the key came with another report.
        """
        fingerprint = fingerprint or report.fingerprint
        known = self._known_by_key(fingerprint, actor, key) or self._known_by_event(report)
        if known is not None:
            return Reported(known, False)
        case = Case(
            **report.model_dump(exclude={"events"}),
            events=report.events,
            case_id=uuid4(),
            number=self._next_number(at_ms),
            revision=1,
            state=State.REPORTED,
            reported_at_ms=at_ms,
        )
        self.connection.execute(insert(cases).values(case_row(case)))
        self._note(case, REPORT, actor.name, at_ms, "", {})
        if key is not None:
            row = {"reporter": actor.name, "key": key, "fingerprint": fingerprint, "case_id": str(case.case_id)}
            self.connection.execute(insert(keys).values(row))
        for event in case.events:
            self._own(event.event_id, case.case_id)
        return Reported(case, True)

    def act(self, case_id: UUID, act: Act, expected_revision: int | None = None) -> Case:
        """The case after the act.

        Raises: UnknownCase; Conflict where it is not at `expected_revision` any more; the workflow's refusals.
        """
        case = self.get(case_id)
        if case is None:
            raise UnknownCase(f"there is no case {case_id}")
        if expected_revision is not None and case.revision != expected_revision:
            entries = _entries(self.connection, case_id)
            raise Conflict(case, expected_revision, tuple(e for e in entries if e.revision > expected_revision))
        after = perform(case, act, self._times)
        into = None if after.merged_into is None or case.ended else self._merge_target(case, after.merged_into)
        self.connection.execute(update(cases).where(cases.c.case_id == str(case_id)).values(case_row(after)))
        self._note(after, act.transition, act.actor.name, act.at_ms, act.note, _details(act))
        if act.event is not None:
            self._own(act.event.event_id, case_id)
        if into is not None:
            self._carry_over(case, into, act.at_ms)
        return after

    def get(self, name: str | UUID) -> Case | None:
        """The case of that id or number."""
        return _read(self.connection, name)

    def case_of_event(self, event_id: UUID) -> Case | None:
        """The case that an event belongs to; where that was merged, the one it was merged into in the end."""
        wanted = select(events.c.case_id).where(events.c.event_id == str(event_id))
        case_id = self.connection.execute(wanted).scalar_one_or_none()
        case = None if case_id is None else self.get(UUID(case_id))
        while case is not None and case.merged_into is not None:
            case = self.get(case.merged_into)
        return case

    def move_event(self, event_id: UUID, case_id: UUID) -> None:
        """Let an event belong to another case from now on."""
        self.connection.execute(update(events).where(events.c.event_id == str(event_id)).values(case_id=str(case_id)))

    def positions(self, follower: str) -> dict[tuple[str, int], int]:
        """How far that follower of the log has come, by topic and partition: the offset of the next record."""
        return read_positions(self.connection, follower)

    def commit_positions(self, follower: str, reached: Mapping[tuple[str, int], int]) -> None:
        """Keep how far that follower has come, with all else of this transaction.

        Never back: of two processes that follow as one, the slower commits a place that the other has passed already.
        """
        for (topic, partition), offset in reached.items():
            place = {"follower": follower, "topic": topic, "partition": partition}
            here = [positions.c[name] == value for name, value in place.items()]
            stored = self.connection.execute(select(positions.c.offset).where(*here)).scalar_one_or_none()
            if stored is None:
                self.connection.execute(insert(positions).values(**place, offset=offset))
            elif stored < offset:
                self.connection.execute(update(positions).where(*here).values(offset=offset))

    def _merge_target(self, case: Case, into: UUID) -> Case:
        """The case that takes another in. One that has ended takes none: so merged cases never go round in a circle."""
        target = self.get(into)
        if target is None:
            raise UnknownCase(f"there is no case {into} to merge into")
        if target.ended:
            legal = tuple(name for name in legal_from(case.state) if name != "merge")
            raise Illegal(f"{case.number}: {target.number} is {target.state} and takes no other case in", legal)
        return target

    def _carry_over(self, case: Case, into: Case, at_ms: int) -> None:
        """A merged case brings its events along: the one it is in now waits for their end, too, and knows what is old."""
        known = {event.event_id for event in into.events}
        for event in case.events:
            if event.event_id not in known:
                self.act(into.case_id, Act("attach", SYSTEM, at_ms, note=f"with {case.number}", event=event))

    def _known_by_key(self, fingerprint: str, actor: Actor, key: str | None) -> Case | None:
        if key is None:
            return None
        wanted = select(keys).where(keys.c.reporter == actor.name, keys.c.key == key)
        row = self.connection.execute(wanted).one_or_none()
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise KeyReused(key, UUID(row.case_id))
        return self.get(UUID(row.case_id))

    def _known_by_event(self, report: Report) -> Case | None:
        found = (self.case_of_event(event.event_id) for event in report.events)
        return next((case for case in found if case is not None), None)

    def _next_number(self, at_ms: int) -> str:
        """`<year>-<6 digits>` by the city's year, without gaps: the transaction that takes one is the only one."""
        year = datetime.fromtimestamp(at_ms / _MILLISECONDS, self._zone).year
        found = update(numbers).where(numbers.c.year == year).values(last=numbers.c.last + 1)
        if not self.connection.execute(found).rowcount:
            self.connection.execute(insert(numbers).values(year=year, last=1))
        last = self.connection.execute(select(numbers.c.last).where(numbers.c.year == year)).scalar_one()
        return f"{year}-{last:06d}"

    def _note(self, case: Case, transition: str, actor: str, at_ms: int, note: str, details: Mapping[str, Any]) -> None:
        self.connection.execute(
            insert(history).values(
                case_id=str(case.case_id),
                revision=case.revision,
                transition=transition,
                actor=actor,
                at_ms=at_ms,
                note=note,
                details=orjson.dumps(details).decode(),
                body=case.model_dump_json(),
                published=False,
            )
        )
        append_audit(
            self.connection,
            at_ms,
            actor,
            f"case.{transition}",
            f"case/{case.number}",
            {"revision": case.revision, "note": note, **details},
        )

    def _own(self, event_id: UUID, case_id: UUID) -> None:
        wanted = select(events.c.case_id).where(events.c.event_id == str(event_id))
        if self.connection.execute(wanted).one_or_none() is None:
            self.connection.execute(insert(events).values(event_id=str(event_id), case_id=str(case_id)))


def read_positions(connection: Connection, follower: str) -> dict[tuple[str, int], int]:
    """How far a follower of the log has come, by topic and partition."""
    rows = connection.execute(select(positions).where(positions.c.follower == follower)).all()
    return {(row.topic, row.partition): row.offset for row in rows}


def _read(connection: Connection, name: str | UUID) -> Case | None:
    by_id = isinstance(name, UUID) or len(name) == len(str(UUID(int=0)))
    column = cases.c.case_id if by_id else cases.c.number
    body = connection.execute(select(cases.c.body).where(column == str(name))).scalar_one_or_none()
    return None if body is None else Case.model_validate_json(body)


def _entries(connection: Connection, case_id: UUID) -> tuple[HistoryEntry, ...]:
    wanted = select(history).where(history.c.case_id == str(case_id)).order_by(history.c.revision)
    return tuple(map(entry_of, connection.execute(wanted)))


def case_row(case: Case) -> dict[str, Any]:
    runs = case.deadline is not None and case.state in WITH_DEPARTMENT
    words: Sequence[str | None] = (
        case.number, case.problem, case.subject, case.component_code, case.title.en, case.title.zh, case.address,
        case.reporter, case.description,
    )  # fmt: skip
    return {
        "case_id": str(case.case_id),
        "number": case.number,
        "revision": case.revision,
        "state": case.state.value,
        "ended": case.ended,
        "source": case.source.value,
        "problem": case.problem,
        "severity": case.severity.value,
        "department": case.department,
        "area": case.area,
        "subject": case.subject,
        "reported_at_ms": case.reported_at_ms,
        "due_at_ms": case.deadline.due_at_ms if runs and case.deadline is not None else None,
        "closed_at_ms": case.closed_at_ms,
        "words": "\n".join(word for word in words if word).lower()[:_MOST_WORDS],
        "body": case.model_dump_json(),
    }


def _details(act: Act) -> dict[str, Any]:
    """What belongs to the act beyond its note, for whoever reads the history."""
    details: dict[str, Any] = {"department": act.department, "into": act.into and str(act.into), **act.details}
    for name in ("term", "more", "event"):
        value = getattr(act, name)
        details[name] = None if value is None else value.model_dump(mode="json")
    return {name: value for name, value in details.items() if value is not None}
