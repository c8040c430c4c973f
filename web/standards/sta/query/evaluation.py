"""What an expression is worth for one entity. Pure.

null is not equal to anything but null, and neither less nor greater; values of different types likewise. true is 1.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from math import fmod
from typing import Any, Final

from web.standards.sta.query.expressions import Binary, Call, Constant, Expression, Junction, Not, Path
from web.standards.sta.query.functions import FUNCTIONS

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_CALCULATE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "mod": fmod,
}  # fmt: skip
_RANKS: Final[tuple[tuple[type, ...], ...]] = ((bool, int, float), (str,), (datetime,), (date,))


def holds(condition: Expression, values: Mapping[Path, Any]) -> bool:
    """Whether the condition holds; `values` has every property that it reads."""
    return evaluate(condition, values) is True


def evaluate(expression: Expression, values: Mapping[Path, Any]) -> Any:
    """The value, None where it has none."""
    match expression:
        case Constant(value):
            return value
        case Path():
            return values[expression]
        case Call(function, arguments):
            return FUNCTIONS[function]([evaluate(argument, values) for argument in arguments])
        case Junction("and", operands):
            return all(evaluate(operand, values) is True for operand in operands)
        case Junction(_, operands):
            return any(evaluate(operand, values) is True for operand in operands)
        case Not(operand):
            return evaluate(operand, values) is not True
        case Binary(sign, left, right):
            return _binary(sign, evaluate(left, values), evaluate(right, values))


def sort_key(value: Any) -> tuple[int, Any]:
    """A key by which all values can be ordered: numbers, texts, times, and last what has no order."""
    rank = _rank(value)
    return rank, value if rank < len(_RANKS) else 0


def _binary(sign: str, left: Any, right: Any) -> Any:
    alike = _rank(left) == _rank(right)
    match sign:
        case "eq":
            return alike and left == right
        case "ne":
            return not (alike and left == right)
    if not alike or _rank(left) >= len(_RANKS):
        return None
    if sign in _COMPARE:
        return _COMPARE[sign](left, right)
    try:
        return _CALCULATE[sign](float(left), float(right)) if _rank(left) == 0 else None
    except (ArithmeticError, ValueError):
        return None


def _rank(value: Any) -> int:
    return next((rank for rank, types in enumerate(_RANKS) if isinstance(value, types)), len(_RANKS))
