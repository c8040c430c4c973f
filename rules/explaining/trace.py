"""What one rule makes of one device's reports, one by one: the engine itself, looked at after each.

Nothing is added to the engine: what it keeps of a device (the report in its place, the state after it, what was published)
is enough, and the condition is asked once more on the same evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from domain.devices import Device
from domain.telemetry import Telemetry
from domain.time.units import MINUTE_MS
from rules.engine.announcing import Raised
from rules.engine.device_state import DeviceRuleState
from rules.engine.engine import Engine
from rules.engine.folding import RuleState
from rules.engine.plans import NO_RULES, Plan, RuleSet
from rules.explaining.formulas import Evidence, FormulaPart, parts_of, values_of
from rules.language.conditions.condition import Condition
from rules.language.conditions.errors import ConditionError
from rules.language.rule import Mode, Rule
from rules.schedule.activity import Span
from rules.schedule.calendars import Calendars

_TICK_MS: Final = MINUTE_MS
_MOST_TICKS: Final = 5_000


class Fate(StrEnum):
    """What became of a report."""

    JUDGED = "judged"
    DUPLICATE = "duplicate"
    TOO_LATE = "too_late"
    NO_RULE = "no_rule"


@dataclass(frozen=True, slots=True)
class Seen:
    """One report as the rule saw it.

    `holds` and `clears` are the verdicts of `when` and of the clear condition, None without evidence; `values` what each
    name in them stood for; `span` the active or inactive stretch it lies in (None: the rule is always active). `before`
    and `after` are the rule's states. `raised` is what was published by it.
    """

    report: Telemetry
    fate: Fate
    holds: bool | None
    clears: bool | None
    values: dict[str, Any]
    parts: list[FormulaPart]
    clear_parts: list[FormulaPart]
    before: RuleState
    after: RuleState
    span: Span | None = None
    raised: tuple[Raised, ...] = ()

    @property
    def at_ms(self) -> int:
        return self.report["observed_at_ms"]


@dataclass(frozen=True, slots=True)
class Ticked:
    """What the clock alone brought about by `at_ms`."""

    at_ms: int
    raised: tuple[Raised, ...]


@dataclass(slots=True)
class Trace:
    """Reports and the clock in order, as one rule saw them. `plan` is NO_RULES where it does not judge the device."""

    rule: Rule
    device: Device
    plan: Plan
    steps: list[Seen | Ticked] = field(default_factory=list)
    state: RuleState = None
    last_report_ms: int | None = None
    error: str | None = None

    @property
    def judges(self) -> bool:
        """Whether the rule judges the device at all."""
        return self.plan is not NO_RULES

    @property
    def gap_ms(self) -> int:
        """The rule's gap on this device; 0 where it does not judge it."""
        return self.plan.gaps_ms[0] if self.judges else 0

    @property
    def seen(self) -> list[Seen]:
        return [step for step in self.steps if isinstance(step, Seen)]

    @property
    def raised(self) -> list[Raised]:
        return [raised for step in self.steps for raised in step.raised]


def trace_rule(
    rule: Rule, device: Device, calendars: Calendars, reports: Sequence[Telemetry], from_ms: int, until_ms: int
) -> Trace:
    """Judge the reports (by receipt) with the rule alone, and move the clock on to `until_ms`."""
    return _Tracer(replace(rule, mode=Mode.LIVE), device, calendars).run(reports, from_ms, until_ms)


class _Tracer:
    def __init__(self, rule: Rule, device: Device, calendars: Calendars) -> None:
        rules = RuleSet([rule], calendars)
        self._rule = rule
        self._device = device
        self._engine = Engine(device.kind, rules, {device.device_id: device}.get)
        self._engine.refresh([device])
        self._trace = Trace(rule, device, rules.plan(device))
        self._now_ms = -1

    def run(self, reports: Sequence[Telemetry], from_ms: int, until_ms: int) -> Trace:
        self._tick(reports[0]["received_at_ms"] if reports else from_ms)
        for report in reports:
            self._tick_up_to(report["received_at_ms"])
            self._take(report)
        self._tick_up_to(until_ms)
        device_state = self._device_state()
        trace, vitals = self._trace, self._engine.vitals
        if device_state is not None and device_state.states:
            trace.state = device_state.states[0]
        trace.error = vitals.errors.get(self._rule.name) or self._engine.rules.broken_where.get(self._rule.name)
        return trace

    def _tick_up_to(self, at_ms: int) -> None:
        """Minute by minute, so that what the clock brings about is found at its time."""
        step_ms = max(_TICK_MS, (at_ms - self._now_ms) // _MOST_TICKS)
        while self._now_ms + step_ms < at_ms:
            self._tick(self._now_ms + step_ms)
        if at_ms > self._now_ms:
            self._tick(at_ms)

    def _tick(self, at_ms: int) -> None:
        self._now_ms = at_ms
        self._engine.tick({"gateway": 0, "tick_at_ms": at_ms})
        if raised := tuple(self._engine.take()[0]):
            self._trace.steps.append(Ticked(at_ms, raised))

    def _device_state(self) -> DeviceRuleState | None:
        return self._engine.device_states.get(self._device.device_id)

    def _state(self) -> RuleState:
        device_state = self._device_state()
        return device_state.states[0] if device_state is not None and device_state.states else None

    def _take(self, report: Telemetry) -> None:
        engine, before = self._engine, self._state()
        counts = (engine.judged, engine.duplicate, engine.too_late)
        engine.report(report)
        moved = [
            now - then for now, then in zip((engine.judged, engine.duplicate, engine.too_late), counts, strict=True)
        ]
        fate = next(
            (f for f, m in zip((Fate.JUDGED, Fate.DUPLICATE, Fate.TOO_LATE), moved, strict=True) if m), Fate.NO_RULE
        )
        raised = tuple(engine.take()[0])
        evidence, span = self._evidence(report["observed_at_ms"]), self._span(report["observed_at_ms"])
        when, clear_when = self._rule.when, self._rule.clear_when
        holds, values, parts = _asked(when, evidence)
        clears, clear_values, clear_parts = _asked(clear_when, evidence)
        if clear_when is None and holds is not None:
            clears = not holds
        self._trace.last_report_ms = max(self._trace.last_report_ms or 0, report["observed_at_ms"])
        self._trace.steps.append(
            Seen(
                report, fate, holds, clears, {**clear_values, **values}, parts, clear_parts,
                before, self._state(), span, raised,
            )
        )  # fmt: skip

    def _evidence(self, at_ms: int) -> Evidence | None:
        """What the engine has as evidence of that instant, merged from all reports of it."""
        device_state, plan = self._device_state(), self._trace.plan
        found = device_state.find(at_ms)[1] if device_state is not None else None
        if device_state is None or found is None:
            return None
        readings = plan.evidence(found[1], suspect=self._rule.accepts_suspect)
        return Evidence(readings, device_state.facts, device_state.more(at_ms))

    def _span(self, at_ms: int) -> Span | None:
        plan = self._trace.plan
        if plan.activities is None or plan.activities[0] is None:
            return None
        return plan.activities[0](at_ms, self._device)


def _asked(
    condition: Condition | None, evidence: Evidence | None
) -> tuple[bool | None, dict[str, Any], list[FormulaPart]]:
    """(verdict, what each name stands for, the parts)."""
    if condition is None or evidence is None:
        return None, {}, []
    try:
        verdict = condition.evaluate(*evidence)
    except ConditionError:
        verdict = None
    return verdict, values_of(condition, evidence), parts_of(condition, evidence)
