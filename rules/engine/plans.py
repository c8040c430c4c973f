"""Which rules judge which device: decided when the registry or the rules change, and shared by devices that are alike."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

from domain.devices import Device, DeviceState
from rules.conditions.closures import Judge
from rules.conditions.condition import ConditionError, device_facts
from rules.engine.folding import RuleState
from rules.rule import Mode, Rule

FOREVER_MS: Final = 1 << 62
BAD: Final = "bad"
"""Stands in the place of a value that came marked bad: told, so nothing can tell it again, but no evidence."""
_GAP_INTERVALS: Final = 3


class Plan:
    """The rules of some devices, laid out for the hot path.

    `judges` are the `when` conditions, `quantities` all that any condition reads; `silence_ms` is the shortest `no_data`
    (FOREVER_MS without one); `lateness_ms` the longest of the rules', since a device has one window for all its rules.
    `values` picks the quantities out of a report's readings. `reports` counts what was judged by it.
    """

    __slots__ = (
        "gaps_ms", "idle", "index", "judges", "lateness_ms", "quantities", "reads_device", "reports", "rules",
        "silence_ms", "values",
    )  # fmt: skip

    def __init__(self, rules: tuple[Rule, ...], report_interval_s: int) -> None:
        self.rules = rules
        self.index = {rule.name: i for i, rule in enumerate(rules)}
        self.gaps_ms = tuple(
            report_interval_s * 1000 * _GAP_INTERVALS if rule.gap_ms is None else rule.gap_ms for rule in rules
        )
        self.judges: tuple[Judge, ...] = tuple(rule.when.judge for rule in rules if rule.when is not None)
        self.silence_ms = min((rule.no_data_ms for rule in rules if rule.no_data_ms is not None), default=FOREVER_MS)
        self.lateness_ms = max(rule.lateness_ms for rule in rules)
        conditions = [condition for rule in rules for condition in (rule.when, rule.clear_when) if condition]
        self.reads_device = any(condition.attributes for condition in conditions)
        self.quantities = tuple(dict.fromkeys(name for condition in conditions for name in condition.quantities))
        self.values = _getter(self.quantities)
        self.idle: tuple[RuleState, ...] = (None,) * len(rules)
        self.reports = 0

    def values_told(self, readings: Mapping[str, Any], quality: Mapping[str, str]) -> tuple[Any, ...]:
        """The values of `quantities` in a report that may lack some or mark some bad."""
        return tuple(
            BAD if quality.get(name) == "bad" and name in readings else readings.get(name) for name in self.quantities
        )

    def readings(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """What of the values is evidence."""
        return {
            name: value
            for name, value in zip(self.quantities, values, strict=True)
            if value is not None and value != BAD
        }


def _getter(quantities: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Picks the values of all quantities out of the readings, in C. Raises: KeyError where one is missing."""
    if len(quantities) > 1:
        return itemgetter(*quantities)
    return (lambda readings: (readings[quantities[0]],)) if quantities else (lambda readings: ())


class RuleSet:
    """The rules in force, by name, at one version each."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.by_name: Mapping[str, Rule] = {rule.name: rule for rule in rules}
        self.broken_where: dict[str, str] = {}
        self._by_kind: dict[str, list[Rule]] = {}
        self._plans: dict[tuple[str, int, int], Plan] = {}
        for rule in sorted(self.by_name.values(), key=lambda rule: rule.name):
            if rule.mode is not Mode.OFF:
                self._by_kind.setdefault(rule.kind, []).append(rule)

    def plan(self, device: Device | None) -> Plan | None:
        """The plan of a device; None where no rule judges it, or it is not active."""
        if device is None or device.state is not DeviceState.ACTIVE:
            return None
        rules = self._by_kind.get(device.kind)
        if not rules:
            return None
        fits = 0
        for i, rule in enumerate(rules):
            if rule.where is None or self._applies(rule, device):
                fits |= 1 << i
        if not fits:
            return None
        key = (device.kind, fits, device.report_interval_s)
        plan = self._plans.get(key)
        if plan is None:
            applicable = tuple(rule for i, rule in enumerate(rules) if fits >> i & 1)
            plan = self._plans[key] = Plan(applicable, device.report_interval_s)
        return plan

    def watches_silence(self, kind: str) -> bool:
        """Whether a rule of that kind fires from absence, so that never-heard devices matter."""
        return any(rule.no_data_ms is not None for rule in self._by_kind.get(kind, ()))

    def reports_judged(self, rule: str) -> int:
        """How many reports that rule was asked about."""
        return sum(plan.reports for plan in self._plans.values() if rule in plan.index)

    def versions(self) -> dict[str, int]:
        return {name: rule.version for name, rule in self.by_name.items()}

    def _applies(self, rule: Rule, device: Device) -> bool:
        assert rule.where is not None
        try:
            return rule.where.evaluate({}, device_facts(device)) is True
        except ConditionError as error:
            self.broken_where[rule.name] = f"where, device {device.device_id}: {error}"
            return False
