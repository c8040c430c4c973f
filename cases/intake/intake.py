"""What an event does to the cases, in one transaction with the place in the log.

event ──▶ read_known ──▶ decide (pure) ──▶ carry_out, in a savepoint of its own
"""

from collections.abc import Sequence

from cases.intake import held_events
from cases.intake.carrying_out import carry_out
from cases.intake.cloud_event import PublishedEvent
from cases.intake.decide import decide, decide_due
from cases.intake.isolation import isolated
from cases.intake.known import read_known, read_known_when_due
from cases.intake.ports import IntakePolicy
from cases.intake.steps import Step
from cases.storage import CaseTransaction
from domain.hierarchy import FindDevice


class Intake:
    """Takes events in, each apart from the others.

    Every call is idempotent: an event that was taken in before, or an older revision of it, changes nothing.
    """

    def __init__(self, policy: IntakePolicy, find_device: FindDevice) -> None:
        self._policy = policy
        self._find_device = find_device

    def take_in(self, transaction: CaseTransaction, published: PublishedEvent, now_ms: int) -> None:
        """Do what follows from one event. `now_ms` is our clock: the time of what is done, and of holds."""
        event = published.event
        if event.historical or event.silenced_by is not None:
            return
        with isolated(transaction.connection, event):
            known = read_known(transaction, event, self._find_device)
            self._carry_out(transaction, decide(event, known, self._policy, now_ms), now_ms)

    def release(self, transaction: CaseTransaction, now_ms: int) -> None:
        """Make cases of the events whose hold is over, and of those whose group nobody published."""
        for event in held_events.due(transaction.connection, now_ms):
            held_events.let_go(transaction.connection, event.event_id)
            held_events.forget(transaction.connection, event.event_id)
            with isolated(transaction.connection, event):
                known = read_known_when_due(transaction, event, self._find_device)
                self._carry_out(transaction, decide_due(event, known, self._policy, now_ms), now_ms)

    def _carry_out(self, transaction: CaseTransaction, steps: Sequence[Step], now_ms: int) -> None:
        carry_out(transaction, steps, self._policy, now_ms)
