"""Which rules judge which device: decided when the registry or the rules change, and shared by devices that are alike."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from domain.devices import AttributeValue, Device, DeviceState
from domain.telemetry import Telemetry
from rules.engine.folding import RuleState
from rules.language.conditions.closures import Sweep
from rules.language.conditions.condition import Condition, Facts, Fit, More, Readings, device_facts, fit_of, sweep_of
from rules.language.conditions.errors import ConditionError
from rules.language.rule import Mode, Rule
from rules.language.signals.windows import Layout
from rules.schedule.activity import Activity, activity_of
from rules.schedule.calendars import Calendars

FOREVER_MS: Final = 1 << 62
BAD: Final = "bad"
"""Stands in the place of a value that came marked bad: reported, so no other report can replace it, but no evidence."""
NO_CALENDARS: Final = Calendars()
_GAP_INTERVALS: Final = 3


class Suspect(NamedTuple):
    """Stands in the place of a value that came marked suspect: evidence only for rules that accept it."""

    value: Any


class Swept(NamedTuple):
    """One function for all conditions that may hold for a device in [begin_ms, end_ms)."""

    sweep: Sweep
    begin_ms: int
    end_ms: int


def _ask_each(readings: Readings, facts: Facts, more: More) -> None:
    """Leaves every condition to be asked by itself."""


NEVER_SWEPT: Final = Swept(_ask_each, 0, 0)


class Plan:
    """The rules of some devices, laid out for the hot path.

    `quantities` are all that any condition or signal reads, `facts` what is read of the device; `silences` are the places
    of the `no_data` rules, `silence_ms` the shortest `no_data` (FOREVER_MS without one); `lateness_ms` the longest of the
    rules', since a device has one window for all its rules. `layout` is that of the signals, None where there are none;
    `derives`: conditions read signals or the sun. `activities` stand beside the rules, None where no rule has one.
    `reports` counts what was judged by it.
    """

    __slots__ = (
        "_fits", "_lacking", "_sweeps", "activities", "derives", "facts", "gaps_ms", "idle", "index", "lateness_ms",
        "layout", "quantities", "reads_sun", "reports", "rules", "silence_ms", "silences", "takes_suspects",
    )  # fmt: skip

    def __init__(
        self,
        rules: tuple[Rule, ...],
        report_interval_s: int,
        calendars: Calendars = NO_CALENDARS,
    ) -> None:
        self.rules = rules
        self.index = {rule.name: i for i, rule in enumerate(rules)}
        self.gaps_ms = tuple(
            report_interval_s * 1000 * _GAP_INTERVALS if rule.gap_ms is None else rule.gap_ms for rule in rules
        )
        self.silence_ms = min((rule.no_data_ms for rule in rules if rule.no_data_ms is not None), default=FOREVER_MS)
        self.lateness_ms = max((rule.lateness_ms for rule in rules), default=0)
        conditions = [condition for rule in rules for condition in (rule.when, rule.clear_when) if condition]
        signals = [signal for rule in rules for signal in rule.signals.values()]
        self.layout = Layout(signals) if signals else None
        self.facts = tuple(dict.fromkeys(fact for rule in rules for fact in sorted(rule.facts)))
        self.silences = tuple(i for i, rule in enumerate(rules) if rule.no_data_ms is not None)
        self.reads_sun = any(condition.reads_sun for condition in conditions)
        self.derives = self.reads_sun or self.layout is not None
        read = [
            *(name for condition in conditions for name in condition.quantities),
            *(signal.of for signal in signals),
        ]
        self.quantities = tuple(dict.fromkeys(read))
        self.takes_suspects = any(rule.accepts_suspect for rule in rules)
        self.activities: tuple[Activity | None, ...] | None = None
        if any(rule.active for rule in rules):
            self.activities = tuple(activity_of(rule.active, calendars) if rule.active else None for rule in rules)
        self.idle: tuple[RuleState, ...] = (None,) * len(rules)
        self.reports = 0
        self._sweeps: dict[int, Sweep] = {}
        self._fits: dict[tuple[type, ...], int | None] = {}
        self._lacking: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    def facts_of(self, device: Device | None) -> dict[str, AttributeValue]:
        """What its conditions and signals read of a device, as far as it is known."""
        if device is None or not self.facts:
            return {}
        known = device_facts(device)
        return {name: known[name] for name in self.facts if name in known}

    def lacking(self, facts: Facts) -> tuple[tuple[str, str], ...]:
        """What a device of these facts lacks: (rule, fact) for each fact that a rule reads and it does not have."""
        missing = tuple(fact for fact in self.facts if fact not in facts)
        if missing not in self._lacking:
            self._lacking[missing] = tuple(
                (rule.name, fact) for rule in self.rules for fact in missing if fact in rule.facts
            )
        return self._lacking[missing]

    # The hot path

    def swept(self, device: Device, facts: Facts, at_ms: int) -> Swept:
        """The function for the rules that are active at that instant and whose facts the device has."""
        fitting = self._fitting(facts)
        if fitting is None:
            return Swept(_ask_each, -FOREVER_MS, FOREVER_MS)
        begin_ms, end_ms, mask = -FOREVER_MS, FOREVER_MS, fitting
        for i, activity in enumerate(self.activities or ()):
            if activity is None or (span := activity(at_ms, device)) is None:
                continue  # without a place it is asked by itself, which finds what is wrong
            begin_ms, end_ms = max(begin_ms, span.begin_ms), min(end_ms, span.end_ms)
            if not span.active:
                mask &= ~(1 << i)
        sweep = self._sweeps.get(mask)
        if sweep is None:
            conditions = [rule.when for i, rule in enumerate(self.rules) if mask >> i & 1 and rule.when is not None]
            sweep = self._sweeps[mask] = _sweep(conditions, self.quantities)
        return Swept(sweep, begin_ms, end_ms)

    def _fitting(self, facts: Facts) -> int | None:
        """The rules whose condition may hold for a device of these facts, a bit each; None if a fact is of a wrong type."""
        alike = tuple(type(facts.get(name)) for name in self.facts)
        if alike not in self._fits:
            types = {name: type(facts[name]) for name in self.facts if name in facts}
            fits = [rule.when and fit_of(rule.when, types) for rule in self.rules]
            mask = sum(1 << i for i, fit in enumerate(fits) if fit is Fit.FITS)
            self._fits[alike] = None if Fit.ODD in fits else mask
        return self._fits[alike]

    # The whole of it

    def reported_values(self, report: Telemetry) -> tuple[Any, ...]:
        """The values of `quantities` in a report that may lack some or mark some."""
        readings, quality = report["readings"], report.get("quality")
        if not quality:
            return tuple(map(readings.get, self.quantities))
        return tuple(_marked(readings.get(name), quality.get(name)) for name in self.quantities)

    def evidence(self, values: tuple[Any, ...], *, suspect: bool = False) -> dict[str, Any]:
        """What of the values is evidence; those of quality suspect only if asked for."""
        found = {}
        for name, value in zip(self.quantities, values, strict=True):
            if value.__class__ is Suspect:
                if suspect:
                    found[name] = value.value
            elif value is not None and value != BAD:
                found[name] = value
        return found


NO_RULES: Final = Plan((), 600)
"""The plan of every device that no rule judges: compare by identity."""


def _marked(value: Any, quality: str | None) -> Any:
    if value is None or quality is None:
        return value
    return BAD if quality == BAD else Suspect(value)


def _sweep(conditions: list[Condition], quantities: tuple[str, ...]) -> Sweep:
    sweep, others = sweep_of(conditions, quantities)
    if not others:
        return sweep

    def sweep_and_ask(readings: Readings, facts: Facts, more: More) -> tuple[Any, ...] | None:
        values = sweep(readings, facts, more)
        if values is None:
            return None
        try:
            return None if any(condition.evaluate(readings, facts, more) for condition in others) else values
        except ConditionError:
            return None

    return sweep_and_ask


class RuleSet:
    """The rules in force, by name, at one version each, and the calendars they go by."""

    def __init__(self, rules: Iterable[Rule] = (), calendars: Calendars = NO_CALENDARS) -> None:
        self.by_name: Mapping[str, Rule] = {rule.name: rule for rule in rules}
        self.broken_where: dict[str, str] = {}
        self.calendars = calendars
        self._by_kind: dict[str, list[Rule]] = {}
        self._plans: dict[tuple[str, int, int], Plan] = {}
        self._fits: dict[tuple[Any, ...], int] = {}
        for rule in sorted(self.by_name.values(), key=lambda rule: rule.name):
            if rule.mode is not Mode.OFF and rule.group is None:
                self._by_kind.setdefault(rule.kind, []).append(rule)
        self._wheres = {
            kind: tuple({fact for rule in rules if rule.where for fact in rule.where.facts})
            for kind, rules in self._by_kind.items()
        }

    def plan(self, device: Device | None) -> Plan:
        """The plan of a device; NO_RULES where no rule judges it, or it is not active."""
        if device is None or device.state is not DeviceState.ACTIVE:
            return NO_RULES
        rules = self._by_kind.get(device.kind)
        if not rules:
            return NO_RULES
        chosen = self._chosen(device, rules)
        if not chosen:
            return NO_RULES
        key = (device.kind, chosen, device.report_interval_s)
        plan = self._plans.get(key)
        if plan is None:
            applicable = tuple(rule for i, rule in enumerate(rules) if chosen >> i & 1)
            plan = self._plans[key] = self.plan_of(applicable, device.report_interval_s)
        return plan

    def plan_of(self, rules: tuple[Rule, ...], report_interval_s: int) -> Plan:
        """A plan of just these rules."""
        return Plan(rules, report_interval_s, self.calendars)

    def _chosen(self, device: Device, rules: list[Rule]) -> int:
        """Which of the rules apply, a bit each; devices alike in what any `where` reads are decided once."""
        read = self._wheres[device.kind]
        if not read:
            return (1 << len(rules)) - 1
        facts = device_facts(device)
        known = [facts.get(name) for name in read]
        alike = (device.kind, *known, *map(type, known))
        chosen = self._fits.get(alike)
        if chosen is None:
            chosen = 0
            for i, rule in enumerate(rules):
                if rule.where is None or self._applies(rule.name, rule.where, device, facts):
                    chosen |= 1 << i
            self._fits[alike] = chosen
        return chosen

    def has_silence_rules(self, kind: str) -> bool:
        """Whether a rule of that kind fires from absence, so that devices that never reported matter."""
        return any(rule.no_data_ms is not None for rule in self._by_kind.get(kind, ()))

    def reports_judged(self, rule: str) -> int:
        """How many reports that rule was asked about."""
        return sum(plan.reports for plan in self._plans.values() if rule in plan.index)

    def versions(self) -> dict[str, int]:
        return {name: rule.version for name, rule in self.by_name.items()}

    def _applies(self, rule: str, where: Condition, device: Device, facts: Mapping[str, AttributeValue]) -> bool:
        try:
            return where.evaluate({}, facts) is True
        except ConditionError as error:
            self.broken_where[rule] = f"where, device {device.device_id}: {error}"
            return False
