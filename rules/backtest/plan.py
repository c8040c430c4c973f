"""What a backtest is asked to do: which rules over which time, and how much history they need before it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.devices import Device
from rules.backtest.arrivals import Order
from rules.definitions.silences import Silence
from rules.language.document.references import named_rules
from rules.language.rule import Mode, Rule
from rules.schedule.calendars import Calendars

_GAP_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class Variant:
    """One set of rules to try, and what people call it: `as written`, `version 3`."""

    label: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """A backtest of the rules in `names`, over [from_ms, to_ms).

    Shape: a variant holds those rules and all that theirs depend on or that depend on them. `clock_ms` is the newest tick
    of the log, None where it has none: up to there at least, silence is known to be a device's own.
    """

    names: tuple[str, ...]
    candidate: Variant
    against: Variant | None
    devices: Mapping[str, Device]
    from_ms: int
    to_ms: int
    calendars: Calendars
    silences: tuple[Silence, ...] = ()
    clock_ms: int | None = None
    order: Order = Order.RECEIVED

    @property
    def variants(self) -> tuple[Variant, ...]:
        return (self.candidate,) if self.against is None else (self.candidate, self.against)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of device whose reports matter."""
        rules = [rule for variant in self.variants for rule in variant.rules if rule.group is None]
        return tuple(dict.fromkeys(rule.kind for rule in rules))

    @property
    def warm_up_ms(self) -> int:
        """How much history before `from_ms` is replayed without counting what opens in it."""
        rules = [rule for variant in self.variants for rule in variant.rules]
        longest = {kind: _longest_interval_ms(self.devices.values(), kind) for kind in self.kinds}
        return max(needed_history_ms(rule, longest.get(rule.kind, 0)) for rule in rules)


def needed_history_ms(rule: Rule, report_interval_ms: int) -> int:
    """The time after which a rule's state no longer depends on what was before."""
    gap_ms = _GAP_INTERVALS * report_interval_ms if rule.gap_ms is None else rule.gap_ms
    held_ms = max(
        rule.for_ms, rule.clear_for_ms, rule.no_data_ms or 0, rule.repeat.within_ms if rule.repeat else 0,
        rule.flapping.within_ms if rule.flapping else 0, rule.group.within_ms if rule.group else 0,
    )  # fmt: skip
    return rule.longest_window_ms + gap_ms + held_ms + rule.lateness_ms


def variant_of(label: str, chosen: Sequence[Rule], in_force: Iterable[Rule]) -> Variant:
    """The chosen rules, live whatever their mode, among those in force that have to do with them.

    Shape: a chosen rule takes the place of the one in force of its name.
    """
    tried = {rule.name: replace(rule, mode=Mode.LIVE) for rule in chosen}
    rules = {rule.name: rule for rule in in_force} | tried
    names = related(tried, rules)
    return Variant(label, tuple(rules[name] for name in sorted(names)))


def related(names: Collection[str], rules: Mapping[str, Rule]) -> set[str]:
    """The names, and every rule that is tied to them by suppression or a group, in either direction."""
    ties: dict[str, set[str]] = {name: set() for name in rules}
    for name, rule in rules.items():
        for other in named_rules(rule):
            if other in rules:
                ties[name].add(other)
                ties[other].add(name)
    found: set[str] = set()
    open_ends = [name for name in names if name in rules]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends += ties[name]
    return found


def _longest_interval_ms(devices: Iterable[Device], kind: str) -> int:
    return max((device.report_interval_s * 1000 for device in devices if device.kind == kind), default=0)
