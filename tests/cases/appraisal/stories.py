"""Cases led through the real workflow, as the steps that an appraisal reads."""

from typing import Any
from uuid import UUID

from cases.appraisal import Appraisal, AppraisalScope, Dimension, Period
from cases.appraisal.appraisal import Appraiser
from cases.appraisal.facts import GIVES, RELEVANT, STARTS_CLOCK
from cases.appraisal.steps import CaseSteps, Step
from cases.deadlines import CityTimes
from cases.workflow.case import Case, Term, TermUnit
from cases.workflow.performing import Act, perform
from cases.workflow.states import State
from domain.actors import Actor, Role
from domain.time.units import HOUR_MS
from tests.cases.deadlines.calendars import OFFICE, at
from tests.cases.workflow.acting import reported

TIMES = CityTimes(OFFICE)
MONDAY = at("2026-11-23T09:00")
WEEK = Period(at("2026-11-23T00:00"), at("2026-11-30T00:00"))
ANYBODY = Actor("anna", frozenset(Role), frozenset({"drainage", "lighting", "roads"}))
FOUR_HOURS = Term(unit=TermUnit.HOUR, amount=4)


class Story:
    """A case by the hour: `story.do(5, "handle")` is five hours after its report, on Monday at nine."""

    def __init__(self, *, begins_ms: int = MONDAY, **fields: Any) -> None:
        self._begins_ms = begins_ms
        self.case: Case = reported(**{"reported_at_ms": begins_ms, "trusted": True, **fields})
        self._steps: list[Step] = []

    def do(self, hours: float, transition: str, **fields: Any) -> "Story":
        at_ms = self._begins_ms + round(hours * HOUR_MS)
        self.case = perform(self.case, Act(transition, ANYBODY, at_ms, note="so it is", **fields), TIMES)
        if transition in RELEVANT:
            department = self.case.department if transition in GIVES else None
            deadline = self.case.deadline if transition in STARTS_CLOCK else None
            self._steps.append(Step(transition, at_ms, department, deadline))
        return self

    def filed(self, hours: float = 0) -> "Story":
        return self.do(hours, "accept").do(hours, "file")

    def dispatched(self, hours: float = 0, to: str = "drainage", term: Term = FOUR_HOURS) -> "Story":
        if self.case.state is State.REPORTED:
            self.filed(hours)
        return self.do(hours, "dispatch", department=to, term=term)

    def handled(self, hours: float) -> "Story":
        return self.do(hours, "take").do(hours, "handle").do(hours, "send_to_check")

    def closed(self, hours: float) -> "Story":
        return self.do(hours, "close")

    def merged(self, hours: float) -> "Story":
        return self.do(hours, "merge", into=UUID(int=99))

    def steps(self) -> CaseSteps:
        case = self.case
        return CaseSteps(case.source, case.problem, case.area, case.reported_at_ms, tuple(self._steps))


def appraised(*stories: Story, period: Period = WEEK, scope: AppraisalScope | None = None) -> Appraisal:
    appraiser = Appraiser(period, scope or AppraisalScope(area_level=2), tuple(Dimension), TIMES)
    appraiser.take_all(story.steps() for story in stories)
    return appraiser.appraisal()


def counted(*stories: Story, period: Period = WEEK) -> dict[str, int]:
    """What is not nought."""
    return {count.value: n for count, n in appraised(*stories, period=period).whole.counts.items() if n}


def until(hours: float) -> Period:
    """From the beginning of the week to so many hours after Monday at nine."""
    return Period(WEEK.from_ms, MONDAY + round(hours * HOUR_MS))
