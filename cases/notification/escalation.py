"""Watching a case that waits: the steps of its escalation chain, and how its deadline stands. Pure.

     since                step 1          step 2              soon          due
state ───────────────────────▶ sent ─────────▶ sent ─ … ─────────▶ sent ──────▶ sent ─▶ again with each doubling
A change of state, a hand-over or a rework ends the chain; another begins where the policy has one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from cases.deadlines import CityTimes, DeadlineStanding, status_of_case
from cases.notification.messages.message import Occasion, Occurrence
from cases.policy import Escalation
from cases.workflow.case import Case
from cases.workflow.states import State
from domain.actors import Role

Escalations = Callable[[Case], Sequence[Escalation]]

_RESTARTS: Final = frozenset({"dispatch", "hand_over", "fail"})
_OCCASIONS: Final = {
    DeadlineStanding.DUE_SOON: Occasion.DUE_SOON,
    DeadlineStanding.OVERDUE: Occasion.OVERDUE,
    DeadlineStanding.REPEATEDLY_OVERDUE: Occasion.REPEATEDLY_OVERDUE,
}


@dataclass(frozen=True, slots=True)
class EscalationState:
    """What was sent about a case so far. `since_*` is when it came into its state; `steps_done` counts the chain's.

    `deadline_done` names the deadline and what was sent about it last. `next_ms` is when to look again; None is never.
    """

    case_id: UUID
    state: State
    since_ms: int
    since_revision: int
    steps_done: int = 0
    deadline_done: str = ""
    next_ms: int | None = None


def follow(watch: EscalationState | None, case: Case, transition: str, at_ms: int) -> EscalationState:
    """The watch after a step of the case; to be looked at at once."""
    if watch is not None and watch.state is case.state and transition not in _RESTARTS:
        return replace(watch, next_ms=None if case.ended else at_ms)
    since_ms = max(at_ms, case.hold_until_ms or 0)
    done = "" if watch is None else watch.deadline_done
    next_ms = None if case.ended else at_ms
    return EscalationState(case.case_id, case.state, since_ms, case.revision, 0, done, next_ms)


def look(
    watch: EscalationState, case: Case, escalations: Escalations, times: CityTimes, now_ms: int, forget_before_ms: int
) -> tuple[list[Occurrence], EscalationState]:
    """What is to be sent by now, each once, and the watch after it.

    What was to be sent before `forget_before_ms` is passed over: whoever turns notification on in a city with thousands of
    old cases is not notified of each.
    """
    if case.ended or case.state is not watch.state:
        return [], replace(watch, next_ms=None)
    steps, steps_done, next_step_ms = _chain(watch, case, escalations(case), times, now_ms)
    standing, deadline_done, next_standing_ms = _deadline(watch, case, times, now_ms)
    found = [one for one in (*steps, *standing) if one.at_ms >= forget_before_ms]
    nexts = [at_ms for at_ms in (next_step_ms, next_standing_ms) if at_ms is not None]
    after = replace(watch, steps_done=steps_done, deadline_done=deadline_done, next_ms=min(nexts, default=None))
    return found, after


def _chain(
    watch: EscalationState, case: Case, chain: Sequence[Escalation], times: CityTimes, now_ms: int
) -> tuple[list[Occurrence], int, int | None]:
    due = sorted((times.after(watch.since_ms, step.after), number) for number, step in enumerate(chain))
    found: list[Occurrence] = []
    count = min(watch.steps_done, len(due))
    while count < len(due) and due[count][0] <= now_ms:
        step = chain[due[count][1]]
        key = f"{case.case_id}/{watch.since_revision}/escalated/{count + 1}"
        found.append(Occurrence(key, Occasion.ESCALATED, case, due[count][0], audience=_audience(step)))
        count += 1
    return found, max(count, watch.steps_done), due[count][0] if count < len(due) else None


def _audience(step: Escalation) -> tuple[str, ...]:
    return (*(f"department:{name}" for name in step.departments), *(f"role:{Role(role).value}" for role in step.roles))


def _deadline(
    watch: EscalationState, case: Case, times: CityTimes, now_ms: int
) -> tuple[list[Occurrence], str, int | None]:
    """A case that is overdue for long occurs when it is 2, 4, 8 … terms late, not at each."""
    status = status_of_case(case, now_ms, times)
    occasion = None if status is None else _OCCASIONS.get(status.standing)
    if status is None or occasion is None or case.deadline is None:
        return [], watch.deadline_done, None if status is None else status.next_change_ms
    late = 1 << (status.times_overdue.bit_length() - 1) if status.times_overdue else 0
    unit, term_ms = case.deadline.term.unit, times.length_ms(case.deadline.term)
    since_ms = times.resume(case.deadline.due_at_ms, (late - 1) * term_ms, unit) if late else now_ms
    name = f"{case.deadline.started_at_ms}/{case.deadline.due_at_ms}/{occasion}/{late}"
    if name == watch.deadline_done:
        return [], name, status.next_change_ms
    return [Occurrence(f"{case.case_id}/{name}", occasion, case, since_ms)], name, status.next_change_ms
