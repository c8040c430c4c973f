"""What a condition can be, as far as the ranges of its names show: reasoning with intervals, never wrong, often silent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf, isnan, nextafter
from typing import Final

from rules.language.conditions.tree import Binary, Choice, Expression, Name, Negative, Not, Number, Truth


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers from `low` to `high`, both included; none where they are the wrong way round."""

    low: float = -inf
    high: float = inf

    @property
    def is_empty(self) -> bool:
        return self.low > self.high

    def meet(self, other: "Range") -> "Range":
        return Range(max(self.low, other.low), min(self.high, other.high))


ANY: Final = Range()


class Certainty(Enum):
    """What a condition can be for values within the ranges."""

    ALWAYS = "always true"
    NEVER = "never true"
    EITHER = "either"


Ranges = Callable[[Name], Range]
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_NOT: Final = {Certainty.ALWAYS: Certainty.NEVER, Certainty.NEVER: Certainty.ALWAYS, Certainty.EITHER: Certainty.EITHER}


def certainty_of(node: Expression, ranges: Ranges) -> Certainty:
    """Whether the condition is the same for all values within the ranges; EITHER wherever that is not certain.

    Comparisons of a name with a number that stand in one conjunction narrow each other: `x > 250 && x < 200` is never true.
    """
    match node:
        case Truth(_, value):
            return Certainty.ALWAYS if value else Certainty.NEVER
        case Not(_, operand):
            return _NOT[certainty_of(operand, ranges)]
        case Binary(_, "&&", _, _):
            return _all_of(_conjuncts(node), ranges)
        case Binary(_, "||", left, right):
            return _NOT[_all(_NOT[certainty_of(left, ranges)], _NOT[certainty_of(right, ranges)])]
        case Binary(_, "<" | "<=" | ">" | ">=" | "==" | "!=", left, right):
            return _compare(node.operator, range_of(left, ranges), range_of(right, ranges))
        case Choice(_, condition, yes, no):
            chosen = certainty_of(condition, ranges)
            either = {certainty_of(yes, ranges)} if chosen is not Certainty.NEVER else set()
            either |= {certainty_of(no, ranges)} if chosen is not Certainty.ALWAYS else set()
            return either.pop() if len(either) == 1 else Certainty.EITHER
        case _:
            return Certainty.EITHER


def range_of(node: Expression, ranges: Ranges) -> Range | None:
    """The numbers an expression can be; None where it is none, or nothing is known of it."""
    match node:
        case Number(_, value):
            return Range(value, value)
        case Name():
            return ranges(node)
        case Negative(_, operand):
            inner = range_of(operand, ranges)
            return None if inner is None else Range(-inner.high, -inner.low)
        case Binary(_, "+" | "-" | "*" as operator, left, right):
            one, other = range_of(left, ranges), range_of(right, ranges)
            return None if one is None or other is None else _arithmetic(operator, one, other)
        case Choice(_, _, yes, no):
            one, other = range_of(yes, ranges), range_of(no, ranges)
            return None if one is None or other is None else Range(min(one.low, other.low), max(one.high, other.high))
        case _:
            return None


def comparison(node: Expression) -> tuple[Name, str, float] | None:
    """The name, operator and number of a comparison of a name with a number, the name first; None where it is none."""
    if not isinstance(node, Binary) or node.operator not in _MIRRORED:
        return None
    left, right = _number(node.left), _number(node.right)
    if isinstance(node.left, Name) and right is not None:
        return node.left, node.operator, right
    if isinstance(node.right, Name) and left is not None:
        return node.right, _MIRRORED[node.operator], left
    return None


def _number(node: Expression) -> float | None:
    if isinstance(node, Number):
        return node.value
    return -node.operand.value if isinstance(node, Negative) and isinstance(node.operand, Number) else None


def _conjuncts(node: Expression) -> list[Expression]:
    if isinstance(node, Binary) and node.operator == "&&":
        return [*_conjuncts(node.left), *_conjuncts(node.right)]
    return [node]


def _all_of(conjuncts: list[Expression], ranges: Ranges) -> Certainty:
    together = Certainty.ALWAYS
    narrowed: dict[tuple[str, str], Range] = {}
    for node in conjuncts:
        together = _all(together, certainty_of(node, ranges))
        if (compared := comparison(node)) is not None:
            name, operator, value = compared
            before = narrowed.get((name.root, name.field), ranges(name))
            narrowed[name.root, name.field] = before.meet(_allowed(operator, value))
    if any(allowed.is_empty for allowed in narrowed.values()):
        return Certainty.NEVER
    if narrowed and any(certainty_of(node, _narrow(ranges, narrowed)) is Certainty.NEVER for node in conjuncts):
        return Certainty.NEVER
    return together


def _narrow(ranges: Ranges, narrowed: Mapping[tuple[str, str], Range]) -> Ranges:
    return lambda name: narrowed.get((name.root, name.field)) or ranges(name)


def _allowed(operator: str, value: float) -> Range:
    match operator:
        case "<":
            return Range(high=nextafter(value, -inf))
        case "<=":
            return Range(high=value)
        case ">":
            return Range(low=nextafter(value, inf))
        case ">=":
            return Range(low=value)
        case _:
            return Range(value, value)


def _all(one: Certainty, other: Certainty) -> Certainty:
    if Certainty.NEVER in (one, other):
        return Certainty.NEVER
    return Certainty.ALWAYS if one is other is Certainty.ALWAYS else Certainty.EITHER


def _compare(operator: str, one: Range | None, other: Range | None) -> Certainty:
    if one is None or other is None:
        return Certainty.EITHER
    match operator:
        case "<":
            return _less(one, other)
        case ">":
            return _less(other, one)
        case ">=":
            return _NOT[_less(one, other)]
        case "<=":
            return _NOT[_less(other, one)]
    if one.high < other.low or other.high < one.low:
        equal = Certainty.NEVER
    elif one.low == one.high == other.low == other.high:
        equal = Certainty.ALWAYS
    else:
        equal = Certainty.EITHER
    return equal if operator == "==" else _NOT[equal]


def _less(one: Range, other: Range) -> Certainty:
    if one.high < other.low:
        return Certainty.ALWAYS
    return Certainty.NEVER if one.low >= other.high else Certainty.EITHER


def _arithmetic(operator: str, one: Range, other: Range) -> Range:
    match operator:
        case "+":
            found = Range(one.low + other.low, one.high + other.high)
        case "-":
            found = Range(one.low - other.high, one.high - other.low)
        case _:
            products = [a * b for a in (one.low, one.high) for b in (other.low, other.high)]
            found = ANY if any(map(isnan, products)) else Range(min(products), max(products))
    return ANY if isnan(found.low) or isnan(found.high) else found
