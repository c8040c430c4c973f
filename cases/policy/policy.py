"""What the city wants done with its cases. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cases.deadlines import CityTimes, WorkingCalendar
from cases.intake import OnCleared
from cases.intake.ports import Assignment
from cases.policy.conditions import Grade, lies_in
from cases.policy.document import (
    OF_THE_CASE,
    OF_THE_EVENT,
    ClearedRule,
    DispatchRule,
    EscalationRule,
    EscalationStep,
    TermRule,
    TrustRule,
)
from cases.workflow.case import Case, Source, Term
from domain.actors import Role
from domain.events import Event, Severity

_SEVERITIES = list(Severity)
_COMPONENT_CODE_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whom to notify of a case that still waits in its state: people with these roles, and everybody of the departments.

    `after` counts from when the case came into the state.
    """

    after: Term
    roles: tuple[Role, ...]
    departments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """Implements `cases.intake.IntakePolicy`. Of each list of rules the first that holds counts.

    `opens_from` is the severity from which on an event opens a case, `exceptions` of which problems it is another, or None
    for never. `graded` are the areas by grade; the longest that a case lies in decides, B where there is none. `times`
    counts terms on `calendar`, one for all who ask.
    """

    calendar: WorkingCalendar
    terms: tuple[TermRule, ...]
    dispatch: tuple[DispatchRule, ...]
    cleared: tuple[ClearedRule, ...]
    trusted: tuple[TrustRule, ...]
    escalation: tuple[EscalationRule, ...]
    opens_from: Severity
    exceptions: Mapping[str, Severity | None]
    event_classes: Mapping[str, str]
    graded: Mapping[str, Grade]
    times: CityTimes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", CityTimes(self.calendar))

    def opens_case(self, event: Event) -> bool:
        """Whether an event asks for somebody at all."""
        least = self.exceptions.get(event.problem, self.opens_from)
        return least is not None and _SEVERITIES.index(event.severity) <= _SEVERITIES.index(least)

    def is_trusted(self, source: Source, problem: str) -> bool:
        """Whether a report of that source needs no verification; where no rule holds it does."""
        return next((rule.trusted for rule in self.trusted if rule.holds(source, problem)), False)

    def class_of(self, problem: str, component_code: str | None) -> str | None:
        """The class (大类 and 小类) of a city event as E0406; of other problems that of the component, as 0118."""
        own = self.event_classes.get(problem)
        if own is None and component_code is not None and len(component_code) == _COMPONENT_CODE_DIGITS:
            return component_code[6:10]
        return own

    def on_cleared(self, case: Case) -> OnCleared:
        """What becomes of a case whose last event is over; where no rule holds it is left to people."""
        grade = self.grade_of(case.area)
        return next((rule.then for rule in self.cleared if rule.holds(case, grade)), OnCleared.LEAVE)

    def grade_of(self, area: str | None) -> Grade:
        """The grade of an area."""
        found = max((wanted for wanted in self.graded if lies_in(area, wanted)), key=len, default=None)
        return Grade.B if found is None else self.graded[found]

    def term_for(self, case: Case) -> Term:
        """How long a department has for a case. Loading refuses a policy that has no term for some."""
        grade = self.grade_of(case.area)
        return next(rule.term.of(grade) for rule in self.terms if rule.holds(case, grade))

    def assign(self, case: Case) -> Assignment | None:
        """Who should handle it; None where a dispatcher must find out."""
        return next(self._assignments(case), None)

    def candidates(self, case: Case) -> tuple[Assignment, ...]:
        """Every department that a rule names for a case, the one that `assign` gives first, each once."""
        by_department: dict[str, Assignment] = {}
        for assignment in self._assignments(case):
            by_department.setdefault(assignment.department, assignment)
        return tuple(by_department.values())

    def escalations(self, case: Case) -> tuple[Escalation, ...]:
        """Whom to notify, and when, while a case waits in the state that it is in; empty where nobody is."""
        grade = self.grade_of(case.area)
        rule = next((one for one in self.escalation if one.waits is case.state and one.holds(case, grade)), None)
        return () if rule is None else tuple(_escalation(step, case) for step in rule.steps)

    @property
    def departments(self) -> tuple[str, ...]:
        """Every department that the dispatch rules name, sorted."""
        return tuple(sorted({rule.department for rule in self.dispatch} - {OF_THE_EVENT}))

    def _assignments(self, case: Case) -> Iterator[Assignment]:
        grade = self.grade_of(case.area)
        for rule in self.dispatch:
            department = case.proposed_department if rule.department == OF_THE_EVENT else rule.department
            if department is not None and rule.holds(case, grade):
                yield Assignment(department, self.term_for(case), rule.automatic)


def _escalation(step: EscalationStep, case: Case) -> Escalation:
    named = (case.department if name == OF_THE_CASE else name for name in step.departments)
    return Escalation(step.after, step.roles, tuple(dict.fromkeys(name for name in named if name is not None)))
