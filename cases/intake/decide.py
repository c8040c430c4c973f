"""What follows from an event, given what is known. Pure: the time and the policy are arguments.

opened ──▶ part of a group? ──▶ join the group's case, or wait for it
      ├──▶ replaces another, or one of its kind is open there ──▶ join that case
      ├──▶ hold_ms > 0 ──▶ wait
      └──▶ report ─▶ accept ─▶ file (trusted) ─▶ dispatch (automatic)
cleared, withdrawn ──▶ the case's event is over; the last one: check, close or leave
absorbed later ──▶ its case is merged into the group's
"""

from typing import Final
from uuid import UUID

from cases.intake.draft import Draft
from cases.intake.event_report import attached, report_of
from cases.intake.known import Known
from cases.intake.ports import IntakePolicy, OnCleared
from cases.intake.steps import AwaitGroup, Hold, LetGo, Rest, Step
from cases.workflow.case import Case
from cases.workflow.states import State
from cases.workflow.table import TRANSITIONS
from domain.events import Event, Status

GROUP_PATIENCE_MS: Final = 600_000
"""How long a member waits for the event of its group, which another partition of the log may hold back."""
_NOT_YET_SEEN: Final = frozenset({State.REPORTED, State.ACCEPTED, State.VERIFYING})


def decide(event: Event, known: Known, policy: IntakePolicy, now_ms: int) -> tuple[Step, ...]:
    """The steps that a published event asks for, in their order.

    Shape: empty where the event, or a later revision of it, is known; what the steps leave behind asks for no more.
    Time: `now_ms` is our clock, that of the acts and of holds. Raises: ValueError where no case can hold the event.
    """
    if known.case is not None:
        return _follow(Draft(known, now_ms), known, known.case, event, policy)
    if known.waiting_revision is not None and known.waiting_revision >= event.revision:
        return ()
    if event.status is not Status.OPEN:
        return () if known.waiting_revision is None else (Rest(event),)
    return _open(Draft(known, now_ms), known, event, policy) if policy.opens_case(event) else ()


def decide_due(event: Event, known: Known, policy: IntakePolicy, now_ms: int) -> tuple[Step, ...]:
    """The steps of an event whose hold is over, or whose group nobody published; empty where it has a case by now."""
    return () if known.case is not None else _begin(Draft(known, now_ms), known, event, policy)


def _open(draft: Draft, known: Known, event: Event, policy: IntakePolicy) -> tuple[Step, ...]:
    if event.absorbed_by is not None:
        draft.add(LetGo(event.event_id))
        group = draft.first_open(known.groups)
        if group is None:
            draft.add(AwaitGroup(event, draft.now_ms + GROUP_PATIENCE_MS))
        else:
            draft.join(group, event)
            _gather(draft, group, event)
        return draft.steps
    draft.forget(event.event_id)
    if event.hold_ms > 0 and not _continues(known):
        draft.add(Hold(event, draft.now_ms + event.hold_ms))
        return draft.steps
    draft.add(LetGo(event.event_id))
    return _begin(draft, known, event, policy)


def _begin(draft: Draft, known: Known, event: Event, policy: IntakePolicy) -> tuple[Step, ...]:
    """Bring an event that waits for nothing more into the case that it continues, or into one of its own.

    What was closed because the event that this one replaces is withdrawn is open again.
    """
    if known.replaced is not None and _can_continue(known.replaced):
        case_id = draft.reopen(known.replaced, event)
    elif known.same_trouble is not None:
        case_id = known.same_trouble.case_id
    else:
        case_id = draft.open_case(report_of(event, policy))
    draft.join(case_id, event)
    _gather(draft, case_id, event)
    return draft.steps


def _continues(known: Known) -> bool:
    return known.same_trouble is not None or (known.replaced is not None and _can_continue(known.replaced))


def _can_continue(case: Case) -> bool:
    return not case.ended or case.state is State.CLOSED


def _gather(draft: Draft, group: UUID, event: Event) -> None:
    """Join the events that waited for this one to be known, and those that waited for them."""
    for member in draft.awaiting(event):
        draft.forget(member.event.event_id)
        case = draft.case_of(member)
        if case is None:
            draft.join(group, member.event)
        else:
            draft.merge(case, group, member.event)
        _gather(draft, group, member.event)


def _follow(draft: Draft, known: Known, case: Case, event: Event, policy: IntakePolicy) -> tuple[Step, ...]:
    """What a later revision does to the case that the event belongs to."""
    before = next((one for one in case.events if one.event_id == event.event_id), None)
    if before is not None and before.revision >= event.revision:
        return ()
    if event.status is not Status.OPEN:
        return _end(draft, case, event, policy)
    if before is not None and not before.open:
        draft.reopen(case, event)
    group = draft.first_open(known.groups)
    if group is not None:
        draft.merge(draft.case(case.case_id), group, event)
    else:
        if event.absorbed_by is not None:
            draft.add(AwaitGroup(event, draft.now_ms + GROUP_PATIENCE_MS))
        draft.amend(case.case_id, event)
    return draft.steps


def _end(draft: Draft, case: Case, event: Event, policy: IntakePolicy) -> tuple[Step, ...]:
    draft.forget(event.event_id)
    note = event.reason or event.status.value
    case = draft.perform(case.case_id, "detach", note=note, event=attached(event))
    if case.has_open_events or case.ended:
        return draft.steps
    never_was = event.status is Status.WITHDRAWN and case.state in _NOT_YET_SEEN
    wanted = OnCleared.CLOSE if never_was else policy.on_cleared(case)
    transition = {OnCleared.CHECK: "recover", OnCleared.CLOSE: "dissolve"}.get(wanted)
    if transition is not None and case.state in TRANSITIONS[transition].from_states:
        draft.perform(case.case_id, transition, note=note)
    return draft.steps
