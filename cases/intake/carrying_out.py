"""The steps of an event, written in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from cases.intake import held_events
from cases.intake.automatic_steps import dispatch_by_policy, take_automatic_steps
from cases.intake.ports import IntakePolicy
from cases.intake.steps import (
    NEW,
    AwaitGroup,
    DispatchByPolicy,
    Forget,
    Hold,
    LetGo,
    MoveEvent,
    OpenCase,
    Perform,
    Rest,
    Step,
)
from cases.storage import CaseTransaction, UnknownCase
from cases.workflow.case import Case
from domain.actors import SYSTEM


def carry_out(transaction: CaseTransaction, steps: Sequence[Step], policy: IntakePolicy, now_ms: int) -> None:
    """Write the steps in their order; numbers of cases are drawn in it.

    Raises: the store's and the workflow's refusals; what was written before is for the caller to undo.
    """
    writer = _Writer(transaction, policy, now_ms)
    for step in steps:
        writer.write(step)


class _Writer:
    def __init__(self, transaction: CaseTransaction, policy: IntakePolicy, now_ms: int) -> None:
        self._transaction = transaction
        self._policy = policy
        self._now_ms = now_ms
        self._opened = NEW

    def write(self, step: Step) -> None:
        connection = self._transaction.connection
        match step:
            case Hold(event, until_ms):
                held_events.hold(connection, event, until_ms)
            case AwaitGroup(event, until_ms):
                held_events.await_group(connection, event, until_ms)
            case LetGo(event_id):
                held_events.let_go(connection, event_id)
            case Forget(event_id):
                held_events.forget(connection, event_id)
            case Rest(event):
                held_events.let_rest(connection, event)
            case OpenCase(report):
                case, _ = self._transaction.report(report, SYSTEM, self._now_ms)
                self._opened = case.case_id
                take_automatic_steps(self._transaction, case, self._policy, self._now_ms)
            case Perform(case_id, act):
                into = None if act.into is None else self._stored(act.into)
                self._transaction.act(self._stored(case_id), replace(act, into=into))
            case DispatchByPolicy(case_id):
                dispatch_by_policy(self._transaction, self._read(case_id), self._policy, self._now_ms)
            case MoveEvent(event_id, case_id):
                self._transaction.move_event(event_id, self._stored(case_id))
            case _:
                assert_never(step)

    def _stored(self, case_id: UUID) -> UUID:
        return self._opened if case_id == NEW else case_id

    def _read(self, case_id: UUID) -> Case:
        case = self._transaction.get(self._stored(case_id))
        if case is None:
            raise UnknownCase(f"there is no case {case_id}")
        return case
