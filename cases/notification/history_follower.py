"""From the history of the cases to the outbox: messages, watches and the place reached, in one transaction.

cases_history ──▶ occurrence? ──▶ Decision ──▶ notify_messages ┐
            └──▶ notify_watches ── in time ──▶ Decision ───────┴─▶ committed together with the place in the history
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, delete, insert, select

from cases.deadlines import CityTimes
from cases.notification.delivery import outbox
from cases.notification.escalation import Escalations, EscalationState, follow, look
from cases.notification.messages.message import Occurrence
from cases.notification.recipients.decision import Decision
from cases.storage import CaseStore, CaseTransaction, HistoryEntry
from cases.storage.entries import entry_of
from cases.storage.tables import history, positions
from cases.storage.tables import notify_watches as watches
from cases.workflow.states import State

FOLLOWER: Final = "notify"
_PLACE: Final = ("cases_history", 0)
_BATCH: Final = 100
"""Steps in one transaction: a quarter of a second during which nobody else can write."""
_log = structlog.get_logger()


class HistoryFollower:
    """Follows one store's history. Synchronous; every call is one transaction: a crash loses and doubles nothing."""

    def __init__(
        self,
        store: CaseStore,
        decide: Callable[[Connection], Decision],
        escalations: Escalations,
        times: CityTimes,
    ) -> None:
        self._store = store
        self._decide = decide
        self._escalations = escalations
        self._times = times

    def step(self, now_ms: int) -> int:
        """How much was done: steps of the history read, and waiting cases looked at once nothing is left to read.

        Time: `now_ms` decides what is due, and what is too old to be sent.
        """
        with self._store.database.reading() as connection:
            reached = _reached(connection)
            if not _new_entries(connection, reached, 1) and not _due(connection, now_ms, 1):
                return 0
        with self._store.transaction() as transaction:
            decision = self._decide(transaction.connection)
            entries = _new_entries(transaction.connection, _reached(transaction.connection), _BATCH)
            for entry in entries:
                self._take(transaction, decision, entry, now_ms)
            if entries:
                transaction.commit_positions(FOLLOWER, {_PLACE: entries[-1].sequence})
            due = _due(transaction.connection, now_ms, _BATCH) if len(entries) < _BATCH else []
            for watch in due:
                self._look(transaction, decision, watch, now_ms)
            return len(entries) + len(due)

    def _take(self, transaction: CaseTransaction, decision: Decision, entry: HistoryEntry, now_ms: int) -> None:
        connection = transaction.connection
        case = transaction.get(entry.case.case_id)
        if case is None:
            return
        if entry.case.state is State.MERGED:
            outbox.withdraw(connection, case.case_id, now_ms)
        occurrence = decision.occurrence_for(entry, case, now_ms)
        if occurrence is not None:
            _post(connection, decision, occurrence, now_ms)
        watch = _watch_of(connection, case.case_id)
        _keep(
            connection, case.case_id, None if case.ended else follow(watch, entry.case, entry.transition, entry.at_ms)
        )

    def _look(self, transaction: CaseTransaction, decision: Decision, watch: EscalationState, now_ms: int) -> None:
        case = transaction.get(watch.case_id)
        if case is None:
            _keep(transaction.connection, watch.case_id, None)
            return
        forget_before_ms = decision.forget_before_ms(now_ms)
        occurrences, after = look(watch, case, self._escalations, self._times, now_ms, forget_before_ms)
        for occurrence in occurrences:
            _post(transaction.connection, decision, occurrence, now_ms)
        _keep(transaction.connection, watch.case_id, after)


def _post(connection: Connection, decision: Decision, occurrence: Occurrence, now_ms: int) -> None:
    messages = decision.messages_about(occurrence, now_ms)
    outbox.post(connection, messages, now_ms)
    if not messages and decision.wants_anybody(occurrence):
        case, occasion = occurrence.case, occurrence.occasion.value
        _log.warning("nobody can be notified", case=case.number, occasion=occasion, department=case.department)


def _reached(connection: Connection) -> int:
    wanted = select(positions.c.offset).where(positions.c.follower == FOLLOWER, positions.c.topic == _PLACE[0])
    return connection.execute(wanted).scalar_one_or_none() or 0


def _new_entries(connection: Connection, reached: int, limit: int) -> list[HistoryEntry]:
    wanted = select(history).where(history.c.sequence > reached).order_by(history.c.sequence).limit(limit)
    return [entry_of(row) for row in connection.execute(wanted)]


def _due(connection: Connection, now_ms: int, limit: int) -> list[EscalationState]:
    wanted = select(watches).where(watches.c.next_ms <= now_ms).order_by(watches.c.next_ms).limit(limit)
    return [_watch(row) for row in connection.execute(wanted)]


def _watch_of(connection: Connection, case_id: UUID) -> EscalationState | None:
    row = connection.execute(select(watches).where(watches.c.case_id == str(case_id))).one_or_none()
    return None if row is None else _watch(row)


def _watch(row: Any) -> EscalationState:
    return EscalationState(
        UUID(row.case_id),
        State(row.state),
        row.since_ms,
        row.since_revision,
        row.steps_told,
        row.deadline_told,
        row.next_ms,
    )


def _keep(connection: Connection, case_id: UUID, after: EscalationState | None) -> None:
    connection.execute(delete(watches).where(watches.c.case_id == str(case_id)))
    if after is not None:
        connection.execute(
            insert(watches).values(
                case_id=str(case_id),
                state=after.state.value,
                since_ms=after.since_ms,
                since_revision=after.since_revision,
                steps_told=after.steps_done,
                deadline_told=after.deadline_done,
                next_ms=after.next_ms,
            )
        )
