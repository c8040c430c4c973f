"""What an event does to the cases, in one transaction with the place in the log.

opened ──▶ part of a group? ──▶ join the group's case, or wait for it
      ├──▶ replaces another, or one of its kind is open there ──▶ join that case
      ├──▶ hold_ms > 0 ──▶ wait
      └──▶ report ─▶ accept ─▶ file (trusted) ─▶ dispatch (automatic)
cleared, withdrawn ──▶ the case's event is over; the last one: check, close or leave
absorbed later ──▶ its case is merged into the group's
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from sqlalchemy import select

from cases.intake import held_events
from cases.intake.automatic_steps import dispatch_by_policy, proceed
from cases.intake.cloud_event import PublishedEvent
from cases.intake.isolation import isolated
from cases.intake.places import places_of
from cases.intake.ports import IntakePolicy, OnCleared
from cases.storage import CaseTransaction
from cases.storage.tables import cases as case_rows
from cases.workflow.case import Attached, Case, Source
from cases.workflow.performing import Act
from cases.workflow.report import Report
from cases.workflow.states import State
from cases.workflow.table import TRANSITIONS
from domain.actors import SYSTEM
from domain.devices import Device
from domain.events import Event, Status

_LONGEST_PROBLEM, _LONGEST_SUBJECT, _LONGEST_AREA, _LONGEST_REPORTER = 64, 128, 64, 200
_LONGEST_CODE, _LONGEST_KIND, _LONGEST_DEPARTMENT = 32, 64, 64
"""Of a case; an event knows no bound, and what it says beyond stays with the event."""
_GROUP_PATIENCE_MS: Final = 600_000
"""How long a member waits for the event of its group, which another partition of the log may hold back."""
_NOT_YET_SEEN: Final = frozenset({State.REPORTED, State.ACCEPTED, State.VERIFYING})


class Intake:
    """Takes events in, each apart from the others.

    Every call is idempotent: a telling that was taken before, or an older revision, changes nothing.
    """

    def __init__(self, policy: IntakePolicy, find_device: Callable[[str], Device | None]) -> None:
        self._policy = policy
        self._find_device = find_device

    def take_in(self, book: CaseTransaction, telling: PublishedEvent, now_ms: int) -> None:
        """Do what follows from one telling. `now_ms` is our clock: the time of what is done, and of holds."""
        event = telling.event
        if event.historical or event.silenced_by is not None:
            return
        with isolated(book.connection, event):
            self._take_in(book, event, now_ms)

    def _take_in(self, book: CaseTransaction, event: Event, now_ms: int) -> None:
        case = book.case_of_event(event.event_id)
        if case is not None:
            self._follow(book, case, event, now_ms)
            return
        waits = held_events.waiting_event(book.connection, event.event_id)
        if waits is not None and waits.revision >= event.revision:
            return
        if event.status is not Status.OPEN:
            held_events.let_rest(book.connection, event)
        elif self._policy.opens_case(event):
            self._open(book, event, now_ms)

    def release(self, book: CaseTransaction, now_ms: int) -> None:
        """Make cases of the events whose hold is over, and of those whose group nobody was told of."""
        for event in held_events.due(book.connection, now_ms):
            held_events.let_go(book.connection, event.event_id)
            held_events.forget(book.connection, event.event_id)
            with isolated(book.connection, event):
                if book.case_of_event(event.event_id) is None:
                    self._begin(book, event, now_ms)

    def _open(self, book: CaseTransaction, event: Event, now_ms: int) -> None:
        if event.absorbed_by is not None:
            held_events.let_go(book.connection, event.event_id)
            group = self._group_case(book, event)
            if group is None:
                held_events.await_group(book.connection, event, now_ms + _GROUP_PATIENCE_MS)
            else:
                self._join(book, group, event, now_ms)
                self._gather(book, group, event, now_ms)
            return
        held_events.forget(book.connection, event.event_id)
        if event.hold_ms > 0 and self._case_it_continues(book, event, now_ms) is None:
            held_events.hold(book.connection, event, now_ms + event.hold_ms)
        else:
            self._begin(book, event, now_ms)

    def _begin(self, book: CaseTransaction, event: Event, now_ms: int) -> None:
        """Bring an event that waits for nothing more into the case that it continues, or into one of its own."""
        held_events.let_go(book.connection, event.event_id)
        case = self._case_it_continues(book, event, now_ms)
        if case is not None:
            self._join(book, case, event, now_ms)
        else:
            case, _ = book.report(self._report_of(event), SYSTEM, now_ms)
            case = proceed(book, case, self._policy, now_ms)
        self._gather(book, case, event, now_ms)

    def _gather(self, book: CaseTransaction, group: Case, event: Event, now_ms: int) -> None:
        """Join the events that waited for this one to be heard of, and those that waited for them."""
        for member in held_events.awaiting(book.connection, event.rule):
            if event.subject in places_of(member.subject, self._find_device):
                held_events.forget(book.connection, member.event_id)
                case = book.case_of_event(member.event_id)
                if case is None:
                    self._join(book, group, member, now_ms)
                else:
                    self._merge(book, case, group, member, now_ms)
                self._gather(book, group, member, now_ms)

    def _follow(self, book: CaseTransaction, case: Case, event: Event, now_ms: int) -> None:
        """What a later telling does to the case that the event belongs to."""
        known = next((one for one in case.events if one.event_id == event.event_id), None)
        if known is not None and known.revision >= event.revision:
            return
        if event.status is not Status.OPEN:
            self._end(book, case, event, now_ms)
            return
        if known is not None and not known.open:
            case = self._reopen(book, case, event, now_ms)
        if event.absorbed_by is not None and (group := self._group_case(book, event)) is not None:
            self._merge(book, case, group, event, now_ms)
        else:
            if event.absorbed_by is not None:
                held_events.await_group(book.connection, event, now_ms + _GROUP_PATIENCE_MS)
            self._amend(book, case, event, now_ms)

    def _reopen(self, book: CaseTransaction, case: Case, event: Event, now_ms: int) -> Case:
        """The case of an event that is back after all, under way again where it had been closed."""
        if case.state is not State.CLOSED:
            return case
        case = self._do(book, case, "reopen", now_ms, f"{event.rule} again")
        return dispatch_by_policy(book, case, self._policy, now_ms) if case.trusted else case

    def _merge(self, book: CaseTransaction, case: Case, group: Case, event: Event, now_ms: int) -> None:
        if case.case_id == group.case_id:
            self._amend(book, case, event, now_ms)
            return
        self._join(book, group, event, now_ms)
        note = f"part of {event.absorbed_by}"
        if not case.ended and all(one.event_id == event.event_id or not one.open for one in case.events):
            book.act(case.case_id, Act("merge", SYSTEM, now_ms, note=note, into=group.case_id))
            return
        gone = _attached(event).model_copy(update={"open": False})
        book.act(case.case_id, Act("detach", SYSTEM, now_ms, note=note, event=gone))
        book.move_event(event.event_id, group.case_id)

    def _join(self, book: CaseTransaction, case: Case, event: Event, now_ms: int) -> None:
        now = book.get(case.case_id)
        if now is None or now.ended:
            return
        known = any(one.event_id == event.event_id and one.revision >= event.revision for one in now.events)
        if not known:
            book.act(case.case_id, Act("attach", SYSTEM, now_ms, event=_attached(event)))

    def _amend(self, book: CaseTransaction, case: Case, event: Event, now_ms: int) -> None:
        """Also where the case has ended: what is told of an event twice must be known the second time."""
        worse = event.severity if _is_worse(event, case) and not case.ended else None
        act = Act("amend", SYSTEM, now_ms, event=_attached(event), severity=worse)
        book.act(case.case_id, act)

    def _end(self, book: CaseTransaction, case: Case, event: Event, now_ms: int) -> None:
        held_events.forget(book.connection, event.event_id)
        note = event.reason or event.status.value
        case = book.act(case.case_id, Act("detach", SYSTEM, now_ms, note=note, event=_attached(event)))
        if case.has_open_events or case.ended:
            return
        never_was = event.status is Status.WITHDRAWN and case.state in _NOT_YET_SEEN
        wanted = OnCleared.CLOSE if never_was else self._policy.on_cleared(case)
        step = {OnCleared.CHECK: "recover", OnCleared.CLOSE: "dissolve"}.get(wanted)
        if step is not None and case.state in TRANSITIONS[step].from_states:
            self._do(book, case, step, now_ms, note)

    def _case_it_continues(self, book: CaseTransaction, event: Event, now_ms: int) -> Case | None:
        """The open case that this event belongs to by what came before: of what it replaces, or of the same trouble.

        What was closed because the event that this one replaces is withdrawn is open again.
        """
        if event.replaces is not None:
            case = book.case_of_event(event.replaces)
            case = case and self._reopen(book, case, event, now_ms)
            if case is not None and not case.ended:
                return case
        wanted = select(case_rows.c.case_id).where(
            case_rows.c.ended.is_(False),
            case_rows.c.subject == event.subject[:_LONGEST_SUBJECT],
            case_rows.c.problem == event.problem[:_LONGEST_PROBLEM],
        )
        case_id = book.connection.execute(wanted.order_by(case_rows.c.number).limit(1)).scalar_one_or_none()
        return None if case_id is None else book.get(UUID(case_id))

    def _group_case(self, book: CaseTransaction, event: Event) -> Case | None:
        """The open case of the event that absorbs this one."""
        places = places_of(event.subject, self._find_device)
        wanted = (
            select(case_rows.c.case_id)
            .where(case_rows.c.ended.is_(False), case_rows.c.subject.in_(sorted(places)))
            .order_by(case_rows.c.number)
        )
        for case_id in book.connection.execute(wanted).scalars().all():
            case = book.get(UUID(case_id))
            if case is not None and any(
                one.rule == event.absorbed_by and one.subject in places and one.event_id != event.event_id
                for one in case.events
            ):
                return case
        return None

    def _do(self, book: CaseTransaction, case: Case, step: str, now_ms: int, note: str = "") -> Case:
        return book.act(case.case_id, Act(step, SYSTEM, now_ms, note=note))

    def _report_of(self, event: Event) -> Report:
        return Report(
            source=Source.SENSOR,
            problem=event.problem[:_LONGEST_PROBLEM],
            title=event.summary,
            severity=event.severity,
            class_code=self._policy.class_of(event.problem, event.component_code),
            component_code=_short(event.component_code, _LONGEST_CODE),
            kind=_short(event.kind, _LONGEST_KIND),
            subject=event.subject[:_LONGEST_SUBJECT],
            area=_area_that_fits(event.area),
            lon=event.lon if event.lat is not None else None,
            lat=event.lat if event.lon is not None else None,
            reporter=event.rule[:_LONGEST_REPORTER],
            occurred_at_ms=max(event.since_ms, 0),
            proposed_department=_short(event.department, _LONGEST_DEPARTMENT),
            trusted=self._policy.is_trusted(Source.SENSOR, event.problem),
            events=(_attached(event),),
        )


def _short(name: str | None, longest: int) -> str | None:
    """The name; None where it is too long, since a piece of it would name another."""
    return name if name is not None and len(name) <= longest else None


def _area_that_fits(path: str | None) -> str | None:
    """The area, or the nearest one above it whose path is short enough for a case."""
    while path is not None and len(path) > _LONGEST_AREA:
        path = path.rpartition("/")[0] or None
    return path


def _attached(event: Event) -> Attached:
    return Attached(
        event_id=event.event_id,
        rule=event.rule,
        subject=event.subject,
        open=event.status is Status.OPEN,
        revision=event.revision,
    )


def _is_worse(event: Event, case: Case) -> bool:
    order = list(type(event.severity))
    return order.index(event.severity) < order.index(case.severity)
