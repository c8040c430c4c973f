"""The steps that are decided so far, and the cases as these will leave them: so that what comes next sees its own work."""

from typing import Final
from uuid import UUID

from cases.intake.event_report import attached
from cases.intake.known import Known, Member
from cases.intake.steps import NEW, DispatchByPolicy, Forget, MoveEvent, OpenCase, Perform, Step
from cases.workflow.case import Attached, Case
from cases.workflow.performing import Act
from cases.workflow.report import Report
from cases.workflow.states import State
from cases.workflow.table import TRANSITIONS
from domain.actors import SYSTEM
from domain.events import Event, Severity

_SEVERITIES: Final = list(Severity)


class Draft:
    """Copies of what is known, on which each step is applied as it is added. It touches nothing else."""

    def __init__(self, known: Known, now_ms: int) -> None:
        self.now_ms = now_ms
        self._steps: list[Step] = []
        own = (known.case, known.replaced, known.same_trouble, *known.groups, *(one.case for one in known.members))
        self._cases = {case.case_id: case for case in own if case is not None}
        self._waiting = {member.event.event_id: member for member in known.members}
        self._homes = {one.event.event_id: one.case.case_id for one in known.members if one.case is not None}

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(self._steps)

    def add(self, step: Step) -> None:
        """Add a step that no case is changed by."""
        self._steps.append(step)

    def case(self, case_id: UUID) -> Case:
        """The case as it will stand then."""
        return self._cases[case_id]

    def first_open(self, cases: tuple[Case, ...]) -> UUID | None:
        """The first of these that is under way by then."""
        return next((case.case_id for case in cases if not self._cases[case.case_id].ended), None)

    def case_of(self, member: Member) -> Case | None:
        """The case that the member's event will belong to; where that was merged, the one it was merged into."""
        home = self._homes.get(member.event.event_id)
        case = None if home is None else self._cases[home]
        while case is not None and case.merged_into is not None:
            case = self._cases[case.merged_into]
        return case

    def awaiting(self, group: Event) -> list[Member]:
        """The events that still wait for this one, by id."""
        return [
            one for one in self._waiting.values() if one.event.absorbed_by == group.rule and group.subject in one.places
        ]

    def forget(self, event_id: UUID) -> None:
        self._waiting.pop(event_id, None)
        self.add(Forget(event_id))

    def open_case(self, report: Report) -> UUID:
        """The name of a new case, under which later steps know it."""
        self.add(OpenCase(report))
        self._cases[NEW] = Case(
            **report.model_dump(exclude={"events"}), events=report.events, case_id=NEW, number="", revision=1,
            state=State.REPORTED, reported_at_ms=self.now_ms,
        )  # fmt: skip
        self._homes.update({one.event_id: NEW for one in report.events})
        return NEW

    def reopen(self, case: Case, event: Event) -> UUID:
        """The case of an event that is back after all, under way again where it had been closed."""
        if case.state is State.CLOSED:
            self.perform(case.case_id, "reopen", note=f"{event.rule} again")
            if case.trusted:
                self.add(DispatchByPolicy(case.case_id))
        return case.case_id

    def join(self, case_id: UUID, event: Event) -> None:
        """Attach the event, where the case is under way and does not have that revision yet."""
        case = self._cases[case_id]
        has_it = any(one.event_id == event.event_id and one.revision >= event.revision for one in case.events)
        if not case.ended and not has_it:
            self.perform(case_id, "attach", event=attached(event))
            self._homes.setdefault(event.event_id, case_id)

    def amend(self, case_id: UUID, event: Event) -> None:
        """Also where the case has ended: an event that is published twice must be known the second time."""
        case = self._cases[case_id]
        is_worse = _SEVERITIES.index(event.severity) < _SEVERITIES.index(case.severity)
        severity = event.severity if is_worse and not case.ended else None
        self.perform(case_id, "amend", event=attached(event), severity=severity)

    def merge(self, case: Case, group: UUID, event: Event) -> None:
        """Bring the event of a case into its group's, with the whole case where nothing else in that is open."""
        if case.case_id == group:
            self.amend(group, event)
            return
        self.join(group, event)
        note = f"part of {event.absorbed_by}"
        if not case.ended and all(one.event_id == event.event_id or not one.open for one in case.events):
            self.perform(case.case_id, "merge", note=note, into=group)
            self._carry_over(case, group)
            return
        gone = attached(event).model_copy(update={"open": False})
        self.perform(case.case_id, "detach", note=note, event=gone)
        self.add(MoveEvent(event.event_id, group))
        self._homes[event.event_id] = group

    def perform(
        self,
        case_id: UUID,
        transition: str,
        note: str = "",
        event: Attached | None = None,
        severity: Severity | None = None,
        into: UUID | None = None,
    ) -> Case:
        """The case after the act; of its fields, those that an intake asks for."""
        act = Act(transition, SYSTEM, self.now_ms, note=note, event=event, severity=severity, into=into)
        self.add(Perform(case_id, act))
        case = self._cases[case_id]
        others = tuple(one for one in case.events if event is None or one.event_id != event.event_id)
        after = case.model_copy(
            update={
                "state": TRANSITIONS[transition].to or case.state,
                "revision": case.revision + 1,
                "events": others if event is None else (*others, event),
                "severity": severity or case.severity,
                "merged_into": into or case.merged_into,
            }
        )
        self._cases[case_id] = after
        return after

    def _carry_over(self, case: Case, group: UUID) -> None:
        """A merged case brings its events along, as the store does it."""
        into = self._cases[group]
        known = {one.event_id for one in into.events}
        events = (*into.events, *(one for one in case.events if one.event_id not in known))
        self._cases[group] = into.model_copy(update={"events": events})
