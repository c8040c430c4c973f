"""What `rules check` finds beyond what a document must be: conditions that mean nothing, slips of unit, windows too short.

Errors are certain: such a rule does not do what its text states. Warnings may be meant.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import LocatedValue, load_yaml
from domain.quantities.catalogue import CATALOGUE, Quantity
from domain.time.durations import format_duration
from domain.time.units import HOUR_MS
from rules.language.clauses.mapping import condition_problem
from rules.language.conditions.condition import Condition
from rules.language.conditions.ranges import ANY, Certainty, Range, certainty_of, comparison
from rules.language.conditions.tree import Binary, Expression, Name, children, names
from rules.language.conditions.types import FACTS
from rules.language.document.problems import BadRules
from rules.language.document.reading import Documents, parse_documents
from rules.language.document.references import circular_references, unknown_references
from rules.language.rule import Rule
from rules.language.signals.signal import Signal, Take

_FACTORS = (1000.0, 100.0, 3600.0)
_WINDOWS = ("for", "clear_for", "gap", "no_data")


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a document is checked against: where something runs, the rules, calendars and devices there.

    `attributes` and `shortest_interval_s` are by kind, of the devices looked at; a kind without devices is left out.
    `complete` is False where nothing runs, so that unknown names may yet be known there.
    """

    kinds: Collection[str] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    calendars: Collection[str] = ()
    attributes: Mapping[str, Collection[str]] = field(default_factory=dict)
    shortest_interval_s: Mapping[str, int] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a text, and what may be; `documents` is None where it cannot be read."""

    documents: Documents | None
    errors: tuple[LocatedProblem, ...]
    warnings: tuple[LocatedProblem, ...] = ()


def check_text(text: str, file: str, around: CheckContext) -> Findings:
    """Everything found in a text, by place."""
    try:
        documents = parse_documents(text, file)
    except BadRules as bad:
        return Findings(None, bad.found)
    rules = {**around.rules, **{rule.name: rule for rule in documents.rules}}
    calendars = {*around.calendars, *(calendar.name for calendar in documents.calendars)}
    unknown = unknown_references(documents.references, file, rules, calendars)
    errors = [*circular_references(documents.references, file, rules), *(unknown if around.complete else ())]
    warnings = [] if around.complete else [problem._replace(message=f"{problem.message} here") for problem in unknown]
    for rule, marked in zip(documents.rules, _rule_documents(text, file), strict=True):
        checked = _RuleCheck(rule, marked, file, around)
        errors += checked.errors
        warnings += checked.warnings
    return Findings(documents, tuple(sorted(errors)), tuple(sorted(warnings)))


def _rule_documents(text: str, file: str) -> Iterator[LocatedValue]:
    for document in load_yaml(text, file):
        for one in document.value if isinstance(document.value, list) else [document]:
            if "rule" in one.value:
                yield one


class _RuleCheck:
    """One rule under examination."""

    def __init__(self, rule: Rule, document: LocatedValue, file: str, around: CheckContext) -> None:
        self.errors: list[LocatedProblem] = []
        self.warnings: list[LocatedProblem] = []
        self._rule = rule
        self._entries: dict[str, LocatedValue] = document.value
        self._file = file
        if rule.group is None and rule.kind not in around.kinds:
            known = ", ".join(around.kinds)
            self.errors.append(self._entries["kind"].problem(file, f"kind {rule.kind!r} is not one of {known}"))
        for name, condition in (("where", rule.where), ("when", rule.when), ("clear_when", rule.clear_when)):
            if condition is not None:
                self._check_condition(name, condition)
                self._check_attributes(name, condition, around)
        self._check_windows(around.shortest_interval_s.get(rule.kind))

    def _check_condition(self, name: str, condition: Condition) -> None:
        def ranges(read: Name) -> Range:
            return _range_of(read, condition.signals)

        slips = [found for node in _comparisons(condition.tree) if (found := _slip(node, condition.signals))]
        match certainty_of(condition.tree, ranges):
            case Certainty.NEVER:
                at, why = slips[0] if slips else (0, "no plausible values make it true")
                self.errors.append(self._at(name, at, f"this can never be true: {why}"))
            case Certainty.ALWAYS:
                self.warnings.append(self._at(name, 0, "this is always true, for all plausible values"))
            case Certainty.EITHER:
                for at, why in slips:
                    self.warnings.append(self._at(name, at, why))

    def _check_attributes(self, name: str, condition: Condition, around: CheckContext) -> None:
        known = around.attributes.get(self._rule.kind)
        if known is None:
            return
        for read in names(condition.tree):
            if read.root == "device" and read.field not in FACTS and read.field not in known:
                kind = self._rule.kind
                self.warnings.append(self._at(name, read.at, f"no {kind} has the attribute {read.field!r}"))

    def _check_windows(self, interval_s: int | None) -> None:
        if interval_s is None:
            return
        rule, interval_ms = self._rule, interval_s * 1000
        durations = {"for": rule.for_ms, "clear_for": rule.clear_for_ms, "gap": rule.gap_ms, "no_data": rule.no_data_ms}
        for name in _WINDOWS:
            if name in self._entries and 0 < (durations[name] or 0) < interval_ms:
                self._warn_short(self._entries[name], name, interval_s)
        for name, signal in rule.signals.items():
            if signal.over_ms < interval_ms and signal.take is not Take.LAST:
                self._warn_short(self._entries["signals"].value[name].value["over"], f"signals.{name}.over", interval_s)
        if rule.repeat is not None and rule.repeat.within_ms < (rule.repeat.times - 1) * interval_ms:
            self._warn_short(self._entries["repeat"].value["within"], "repeat.within", interval_s)

    def _warn_short(self, clause: LocatedValue, name: str, interval_s: int) -> None:
        interval = format_duration(interval_s * 1000)
        message = f"`{name}`: shorter than a {self._rule.kind} takes from report to report, {interval} at least"
        self.warnings.append(clause.problem(self._file, message))

    def _at(self, name: str, at: int, message: str) -> LocatedProblem:
        return condition_problem(self._entries[name], self._file, name, at, message)


def _comparisons(node: Expression) -> Iterator[Expression]:
    if isinstance(node, Binary) and comparison(node) is not None:
        yield node
    for child in children(node):
        yield from _comparisons(child)


def _slip(node: Expression, signals: Mapping[str, Signal]) -> tuple[int, str] | None:
    """Where and why a comparison is with a number that its quantity cannot have; None where it can."""
    compared = comparison(node)
    if compared is None:
        return None
    name, _, value = compared
    quantity = _quantity_of(name, signals)
    if quantity is None or quantity.boolean:
        return None
    plausible = _range_of(name, signals)
    if plausible.low <= value <= plausible.high:
        return None
    called = name.field if name.root == "signal" else f"{name.root}.{name.field}"
    meant = next((v for f in _FACTORS for v in (value / f, value * f) if quantity.low < v <= quantity.high and v), None)
    hint = f"; is {value:g} in another unit, and {meant:g} meant?" if meant is not None else ""
    return node.at, f"{called} is {plausible.low:g} to {plausible.high:g} {quantity.unit}, never near {value:g}{hint}"


def _quantity_of(name: Name, signals: Mapping[str, Signal]) -> Quantity | None:
    if name.root == "signal":
        return CATALOGUE[signals[name.field].of]
    return CATALOGUE.get(name.field) if name.root == "reading" else None


def _range_of(name: Name, signals: Mapping[str, Signal]) -> Range:
    """What a name can be: a reading beyond its quantity's range is `bad`, and no evidence."""
    if name.root == "sun":
        return Range(-90, 90)
    if name.root == "device":
        return {"lon": Range(-180, 180), "lat": Range(-90, 90), "report_interval_s": Range(0)}.get(name.field, ANY)
    quantity = _quantity_of(name, signals)
    if quantity is None:
        return ANY
    reading = Range(quantity.low, quantity.high)
    return reading if name.root == "reading" else _range_of_signal(signals[name.field], reading)


def _range_of_signal(signal: Signal, reading: Range) -> Range:
    spread = reading.high - reading.low
    match signal.take:
        case Take.LAST | Take.MIN | Take.MAX | Take.MEAN:
            return reading
        case Take.COUNT:
            return Range(0)
        case Take.STDDEV:
            return Range(0, spread)
        case Take.DELTA:
            return Range(-spread, spread)
        case Take.SUM:
            return Range(0 if reading.low >= 0 else -inf, 0 if reading.high <= 0 else inf)
        case Take.FORECAST:
            within_ms = signal.crossing.within_ms if signal.crossing else inf
            return Range(0, within_ms / HOUR_MS)
        case Take.RATE:
            return ANY
