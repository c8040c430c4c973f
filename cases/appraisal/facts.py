"""What one case adds to an appraisal: facts, each with its instant and the department whose it is. Pure.

A task (处置任务) is a case in the hands of a department, from dispatch, hand-over or rework until it is handled, returned,
handed over, or over by itself:

    dispatch ──▶ running ──suspend──▶ stopped ──resume──▶ running ──handle──▶ on time, if not later than due
                    └── due passes ──▶ late, once and at that instant, also where it is handled, returned or over later

So a task is decided once, on time when it is handled or late when it falls due, and one that nobody handles cannot hide.
More time that is granted later moves the due instant, also one that has passed.
"""

from typing import Final, NamedTuple

from cases.appraisal.counts import Count
from cases.appraisal.steps import CaseSteps, Step
from cases.deadlines import CityTimes, status_of
from cases.workflow.case import Deadline, Source, TermUnit

STARTS_CLOCK: Final = frozenset({"dispatch", "hand_over", "fail", "grant_extension", "resume"})
"""Steps after which another deadline may hold."""
GIVES: Final = frozenset({"dispatch", "hand_over"})
"""Steps that give a case to a department."""
RELEVANT: Final = STARTS_CLOCK | {
    "reject", "reconsider", "verify", "file", "return", "handle", "close", "dissolve", "recover", "suspend", "urge",
    "ask_extension", "merge", "reopen",
}  # fmt: skip
"""All steps that indicators are made of."""


class Fact(NamedTuple):
    """One thing to count. Time: epoch ms, within the period."""

    what: Count
    at_ms: int
    department: str | None


class Handling(NamedTuple):
    """How long one task took to be handled: by the clock, and in working time; stopped clocks are taken off."""

    at_ms: int
    department: str | None
    clock_ms: int
    working_ms: int


class Period(NamedTuple):
    """[from_ms, to_ms), epoch ms; `to_ms` is not in the future."""

    from_ms: int
    to_ms: int


class _Task:
    """A case in the hands of a department."""

    def __init__(self, department: str | None, at_ms: int, deadline: Deadline) -> None:
        self.department = department
        self.deadline = deadline
        self.stopped_at_ms: int | None = None
        self.stretches: list[tuple[int, int]] = []
        self._runs_since_ms = at_ms

    def stop(self, at_ms: int) -> None:
        if self.stopped_at_ms is None:
            self.stretches.append((self._runs_since_ms, at_ms))
            self.stopped_at_ms = at_ms

    def resume(self, at_ms: int) -> None:
        self.stopped_at_ms = None
        self._runs_since_ms = at_ms

    def is_late(self, at_ms: int) -> bool:
        """Whether it was due before then; while its clock is stopped, before that."""
        if self.stopped_at_ms is not None:
            return self.deadline.due_at_ms <= self.stopped_at_ms
        return self.deadline.due_at_ms < at_ms


def facts_of(case: CaseSteps, period: Period, times: CityTimes) -> tuple[list[Fact], list[Handling]]:
    """The facts and handlings of a case that lie in the period.

    Facts of a task are its department's; those of the case as a whole (reported, filed, closed …) are of the department
    that has it at the end of the period, None where nobody has.
    """
    story = _Story(case, period, times)
    for step in case.steps:
        if step.at_ms >= period.to_ms:
            break
        story.take(step)
    return story.result()


class _Story:
    """The steps of one case so far."""

    def __init__(self, case: CaseSteps, period: Period, times: CityTimes) -> None:
        self._case, self._period, self._times = case, period, times
        self._facts: list[Fact] = []
        self._handlings: list[Handling] = []
        self._department: str | None = None
        self._task: _Task | None = None
        self._dispatched_at_ms: int | None = None
        self._decided: tuple[Count, int] | None = None
        self._ended: tuple[Count | None, int] | None = None
        self._late = False

    def take(self, step: Step) -> None:
        match step.transition:
            case "verify" | "file":
                self._decided = (Count.FILED, step.at_ms)
            case "reject":
                self._decided = (Count.REJECTED, step.at_ms)
                self._ended = (Count.REJECTED, step.at_ms)
            case "reconsider":
                self._decided = self._ended = None
            case "dispatch":
                self._give(step)
            case "hand_over":
                self._take_back(Count.HANDED_OVER, step.at_ms)
                self._give(step)
            case "return":
                self._take_back(Count.RETURNED, step.at_ms)
                self._department = None
            case "handle":
                self._handle(step.at_ms)
            case "fail":
                self._add(Count.CHECKED, step.at_ms)
                self._add(Count.FAILED, step.at_ms)
                if step.deadline is not None:
                    self._task = _Task(self._department, step.at_ms, step.deadline)
            case _:
                self._take_other(step)

    def _take_other(self, step: Step) -> None:
        match step.transition:
            case "close":
                self._add(Count.CHECKED, step.at_ms)
                self._ended = (Count.CLOSED, step.at_ms)
            case "dissolve":
                self._let_go(step.at_ms)
                self._ended = (Count.DISSOLVED, step.at_ms)
            case "merge":
                self._ended = (None, step.at_ms)
            case "recover":
                self._let_go(step.at_ms)
            case "reopen":
                self._add(Count.REOPENED, step.at_ms)
                self._ended, self._department, self._dispatched_at_ms, self._late = None, None, None, False
            case "urge":
                self._add(Count.URGED, step.at_ms)
            case "ask_extension":
                self._add(Count.EXTENSIONS_ASKED, step.at_ms)
            case "grant_extension":
                self._add(Count.EXTENSIONS_GRANTED, step.at_ms)
                self._due(step.deadline)
            case "suspend" if self._task is not None:
                self._task.stop(step.at_ms)
            case "resume" if self._task is not None:
                self._task.resume(step.at_ms)
                self._due(step.deadline)

    def result(self) -> tuple[list[Fact], list[Handling]]:
        """What lies in the period, as it stood at its end."""
        if self._ended is not None and self._ended[0] is None:
            at_ms = self._ended[1]
            return ([Fact(Count.MERGED, at_ms, self._department)] if self._is_in(at_ms) else []), []
        if self._task is not None and self._task.is_late(self._period.to_ms):
            self._count_overdue(self._task)
            self._is_late(self._task)
        self._add(Count.REPORTED, self._case.reported_at_ms)
        if self._decided is not None:
            self._add(*self._decided)
            if self._decided[0] is Count.FILED and self._ended is not None:
                self._add(Count.FILED_AND_ENDED, self._decided[1])
        if self._ended is not None:
            self._count_end(*self._ended)
        return self._facts, self._handlings

    def _count_end(self, how: Count | None, at_ms: int) -> None:
        if how in (Count.CLOSED, Count.DISSOLVED):
            self._add(how, at_ms)
        if how is Count.CLOSED and not self._late:
            self._add(Count.CLOSED_ON_TIME, at_ms)
        if self._case.source == Source.SENSOR:
            self._add(Count.SENSOR_ENDED, at_ms)
            if how is not Count.CLOSED:
                self._add(Count.SENSOR_FALSE, at_ms)

    def _count_overdue(self, task: _Task) -> None:
        if task.stopped_at_ms is not None:
            return
        at_ms = self._period.to_ms - 1
        self._facts.append(Fact(Count.OVERDUE, at_ms, task.department))
        running = task.deadline.model_copy(update={"left_ms": None})
        if status_of(running, at_ms, self._times).times_overdue > 1:
            self._facts.append(Fact(Count.REPEATEDLY_OVERDUE, at_ms, task.department))

    def _give(self, step: Step) -> None:
        self._department = step.department
        self._dispatched_at_ms = step.at_ms
        self._add(Count.DISPATCHED, step.at_ms)
        if step.deadline is not None:
            self._task = _Task(step.department, step.at_ms, step.deadline)

    def _take_back(self, how: Count, at_ms: int) -> None:
        """The last dispatch was a wrong one: counted where the dispatch is."""
        if self._dispatched_at_ms is not None:
            self._add(how, self._dispatched_at_ms)
        self._dispatched_at_ms = None
        self._let_go(at_ms)

    def _handle(self, at_ms: int) -> None:
        task = self._task
        self._let_go(at_ms)
        self._add(Count.HANDLED, at_ms)
        if task is None:
            return
        task.stop(at_ms)
        if task.deadline.due_at_ms >= at_ms:
            self._add(Count.ON_TIME, at_ms)
        if self._is_in(at_ms):
            clock_ms = sum(end - begin for begin, end in task.stretches)
            working_ms = sum(self._times.left(begin, end, TermUnit.WORKING_HOUR) for begin, end in task.stretches)
            self._handlings.append(Handling(at_ms, task.department, clock_ms, working_ms))

    def _let_go(self, at_ms: int) -> None:
        """The task is over."""
        if self._task is not None and self._task.is_late(at_ms):
            self._is_late(self._task)
        self._task = None

    def _is_late(self, task: _Task) -> None:
        self._late = True
        if self._is_in(task.deadline.due_at_ms):
            self._facts.append(Fact(Count.LATE, task.deadline.due_at_ms, task.department))

    def _due(self, deadline: Deadline | None) -> None:
        if self._task is not None and deadline is not None:
            self._task.deadline = deadline

    def _add(self, count: Count, at_ms: int) -> None:
        if self._is_in(at_ms):
            self._facts.append(Fact(count, at_ms, self._department))

    def _is_in(self, at_ms: int) -> bool:
        return self._period.from_ms <= at_ms < self._period.to_ms
