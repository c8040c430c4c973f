"""A compiled condition: readings and registry facts in, true, false or no evidence out."""

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import cel

from domain.devices import AttributeValue, Device
from rules.language.conditions.closures import ODD, Judge, Sweep, compile_closure, compile_sweep
from rules.language.conditions.errors import BadExpression, ConditionError
from rules.language.conditions.parser import parse_expression
from rules.language.conditions.tree import Expression, Name, names, to_cel
from rules.language.conditions.types import ALL_ROOTS, AREA, FACTS, Kind, Types
from rules.language.signals.signal import Signal
from rules.language.values import usable

Readings = Mapping[str, Any]
Facts = Mapping[str, AttributeValue]
More = Mapping[str, float]
"""What is worked out at a report: signals by their labels, and the sun."""
NOTHING_MORE: Final[More] = MappingProxyType({})
SUN_ELEVATION: Final = "sun.elevation"


class Condition:
    """One condition of a rule, compiled once.

    `quantities`, `attributes` and `signals` name what it reads, `reads_sun` whether the sun is among it. `more_read` are
    the keys of what is worked out at a report, `facts` those of what is known of the device, with the type each must have.
    `judge` is the function of the hot path (see `evaluate`).
    """

    __slots__ = (
        "_program", "_types", "attributes", "facts", "judge", "more_read", "quantities", "reads_sun", "signals", "source",
        "tree",
    )  # fmt: skip

    def __init__(
        self, source: str, roots: tuple[str, ...] = ALL_ROOTS, signals: Mapping[str, Signal] = MappingProxyType({})
    ) -> None:
        """Raises: BadExpression at the first character that is wrong."""
        self.source = source
        self.tree: Expression = parse_expression(source, signals)
        self._types = Types(self.tree, roots)
        try:
            self._program = cel.compile(to_cel(self.tree))
        except (ValueError, TypeError, RuntimeError) as error:
            raise BadExpression(0, f"CEL refuses the condition: {error}") from error
        self.quantities = self._fields("reading")
        self.attributes = self._fields("device")
        self.signals = {name: signals[name] for name in self._fields("signal")}
        self.reads_sun = bool(self._fields("sun"))
        sun = (SUN_ELEVATION,) if self.reads_sun else ()
        self.more_read = (*(signal.label for signal in self.signals.values()), *sun)
        self.facts: Mapping[str, Kind] = {
            self.key(name): self._types.of(name) for name in names(self.tree) if name.root in ("device", "area")
        }
        self.judge: Judge = compile_closure(self.tree, self._types, self.key) or _leave_to_cel

    def key(self, name: Name) -> str:
        """Under which key a name stands: in the readings, the facts, or the signals and sun."""
        match name.root:
            case "signal":
                return self.signals[name.field].label
            case "sun":
                return SUN_ELEVATION
            case "area":
                return f"area/{name.field}"
        return name.field

    def evaluate(self, readings: Readings, facts: Facts, more: More = NOTHING_MORE) -> bool | None:
        """Whether the condition holds; None where a name it reads has no usable value.

        Shape: `readings` without those marked `bad`; `facts` as `device_facts` gives them; `more` holds signals by their
        labels, and the sun. Raises: ConditionError.
        """
        verdict = self.judge(readings, facts, more)
        return self.ask_cel(readings, facts, more) if verdict is ODD else verdict

    def ask_cel(self, readings: Readings, facts: Facts, more: More = NOTHING_MORE) -> bool | None:
        """The same verdict, always by CEL itself. Raises: ConditionError."""
        values: dict[str, Any] = {}
        for name in names(self.tree):
            value = self.value(name, readings, facts, more)
            if value is None:
                return None
            values[name.flat] = value
        try:
            verdict = self._program.execute(values)
        except (TypeError, ValueError, RuntimeError, KeyError, OverflowError) as error:
            raise ConditionError(f"{self.source}: {error}") from error
        if not isinstance(verdict, bool):
            raise ConditionError(f"{self.source}: gave {verdict!r} instead of true or false")
        return verdict

    def value(self, name: Name, readings: Readings, facts: Facts, more: More) -> Any:
        """What a name of the condition stands for; None where it has no usable value."""
        if name.root == "reading":
            return usable(name.field, readings.get(name.field))
        return (facts if name.root in ("device", "area") else more).get(self.key(name))

    def _fields(self, root: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.field for name in names(self.tree) if name.root == root))


class Fit(Enum):
    """Whether a device has what a condition reads of it."""

    FITS = "every fact is there, of its type"
    LACKS = "a fact is missing, so that no report is ever evidence"
    ODD = "a fact is of another type, which is an error"


def fit_of(condition: Condition, types: Mapping[str, type]) -> Fit:
    """How the condition fits a device whose facts have these types."""
    needed = condition.facts
    if not types.keys() >= needed.keys():
        return Fit.LACKS
    return Fit.FITS if all(_TYPE.get(kind) in (None, types[fact]) for fact, kind in needed.items()) else Fit.ODD


_TYPE: Final[Mapping[Kind, type]] = {Kind.NUMBER: float, Kind.TEXT: str, Kind.TRUTH: bool}


def sweep_of(conditions: Sequence[Condition], quantities: Sequence[str]) -> tuple[Sweep, list[Condition]]:
    """One function for the conditions that can be Python (see `compile_sweep`), and the others."""
    plain = [condition for condition in conditions if condition.judge is not _leave_to_cel]
    trees = [(condition.tree, condition._types, condition.key) for condition in plain]
    return compile_sweep(trees, quantities), [c for c in conditions if c.judge is _leave_to_cel]


def _leave_to_cel(readings: Readings, facts: Facts, more: More) -> str:
    return ODD


def device_facts(device: Device) -> dict[str, AttributeValue]:
    """What `device.<name>` and `area.<level>` may read: the registry's own facts that are known, then the attributes.

    Numbers are doubles; a level of the area stands under `area/<level>`.
    """
    facts = {name: value for name, value in device.attributes.items() if value is not None and value == value}
    facts |= {name: value for name in FACTS if (value := getattr(device, name)) is not None}
    codes = device.area.split("/") if device.area else []
    facts |= {f"area/{level}": "/".join(codes[:depth]) for depth, level in enumerate(AREA, 1) if len(codes) >= depth}
    return {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in facts.items()
    }
