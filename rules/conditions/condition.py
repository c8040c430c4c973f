"""A compiled condition: readings and registry facts in, true, false or no evidence out."""

from collections.abc import Mapping
from typing import Any

import cel

from domain.devices import AttributeValue, Device
from domain.quantities import CATALOGUE
from rules.conditions.closures import ODD, Judge, compile_closure
from rules.conditions.parser import parse_expression
from rules.conditions.tree import Expression, names, to_cel
from rules.conditions.types import FACTS, Types
from rules.problems import BadExpression

Readings = Mapping[str, Any]
Facts = Mapping[str, AttributeValue]


class ConditionError(Exception):
    """A condition that failed on real values, such as text where it needs a number. The rule is unhealthy."""


class Condition:
    """One condition of a rule, compiled once.

    `quantities` and `attributes` name what it reads; `judge` is the function of the hot path (see `evaluate`).
    """

    __slots__ = ("_program", "_types", "attributes", "judge", "quantities", "source", "tree")

    def __init__(self, source: str, roots: tuple[str, ...] = ("reading", "device")) -> None:
        """Raises: BadExpression at the first character that is wrong."""
        self.source = source
        self.tree: Expression = parse_expression(source)
        self._types = Types(self.tree, roots)
        try:
            self._program = cel.compile(to_cel(self.tree))
        except (ValueError, TypeError, RuntimeError) as error:
            raise BadExpression(0, f"CEL refuses the condition: {error}") from error
        self.quantities = tuple(dict.fromkeys(n.field for n in names(self.tree) if n.root == "reading"))
        self.attributes = tuple(dict.fromkeys(n.field for n in names(self.tree) if n.root == "device"))
        self.judge: Judge = compile_closure(self.tree, self._types) or _leave_to_cel

    def evaluate(self, readings: Readings, facts: Facts) -> bool | None:
        """Whether the condition holds; None where a name it reads has no usable value.

        Shape: `readings` without those marked `bad`; `facts` as `device_facts` gives them. Raises: ConditionError.
        """
        verdict = self.judge(readings, facts)
        return self.ask_cel(readings, facts) if verdict is ODD else verdict

    def ask_cel(self, readings: Readings, facts: Facts) -> bool | None:
        """The same verdict, always by CEL itself. Raises: ConditionError."""
        values: dict[str, Any] = {}
        for name in names(self.tree):
            value = usable(name.field, readings.get(name.field)) if name.root == "reading" else facts.get(name.field)
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


def _leave_to_cel(readings: Readings, facts: Facts) -> str:
    return ODD


def usable(quantity: str, value: object) -> float | bool | None:
    """The value as a condition sees it: a double, or a bool for a boolean quantity; None where it is neither.

    NaN is no value. A boolean quantity may come as the numbers 0 and 1.
    """
    if CATALOGUE[quantity].boolean:
        return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return float(value)


def device_facts(device: Device) -> dict[str, AttributeValue]:
    """What `device.<name>` may read: the registry's own facts that are known, then the attributes; numbers as doubles."""
    facts = {name: value for name, value in device.attributes.items() if value is not None}
    facts |= {name: value for name in FACTS if (value := getattr(device, name)) is not None}
    return {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in facts.items()
    }
