"""A condition with the numbers put in: `reading.active_power < 0.2 * device.nominal_power` as `2.1 < 0.2 * 100`."""

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from rules.language.conditions.condition import Condition, Facts, More, Readings
from rules.language.conditions.errors import ConditionError
from rules.language.conditions.tree import (
    Binary,
    Call,
    Choice,
    Expression,
    Item,
    ListOf,
    Name,
    Negative,
    Not,
    Number,
    String,
    Truth,
    names,
)
from rules.language.conditions.types import ALL_ROOTS

_STRENGTH: Final = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3, "+": 4, "-": 4}
_FACTOR: Final = 5
_UNARY: Final = 6


class Evidence(NamedTuple):
    """What a condition is asked about: usable readings, facts of the device, signals and the sun."""

    readings: Readings
    facts: Facts
    more: More


class FormulaPart(BaseModel):
    """One part of a condition: as written, with the numbers put in, and whether it holds (None: a value is missing)."""

    model_config = ConfigDict(frozen=True)

    written: str
    filled: str
    holds: bool | None


def written_name(name: Name) -> str:
    """A name as the rule writes it."""
    return name.field if name.root == "signal" else f"{name.root}.{name.field}"


def values_of(condition: Condition, evidence: Evidence) -> dict[str, Any]:
    """What each name of the condition stands for, in order; None where it has no usable value."""
    return {written_name(name): condition.value(name, *evidence) for name in names(condition.tree)}


def parts_of(condition: Condition, evidence: Evidence) -> list[FormulaPart]:
    """The parts that `&&` joins, or the one whole, each judged by itself."""
    return [_part(node, condition, evidence) for node in _joined(condition.tree, "&&")]


def _part(node: Expression, condition: Condition, evidence: Evidence) -> FormulaPart:
    def filled(name: Name) -> str:
        value = condition.value(name, *evidence)
        return f"{written_name(name)}?" if value is None else worded_value(value)

    written = text_of(node, written_name)
    try:
        holds = Condition(written, ALL_ROOTS, condition.signals).evaluate(*evidence)
    except ConditionError:
        holds = None
    return FormulaPart(written=written, filled=text_of(node, filled), holds=holds)


def _joined(node: Expression, operator: str) -> list[Expression]:
    if isinstance(node, Binary) and node.operator == operator:
        return [*_joined(node.left, operator), *_joined(node.right, operator)]
    return [node]


def worded_value(value: object) -> str:
    """A value as a condition would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def text_of(node: Expression, name_text: Callable[[Name], str]) -> str:
    """A tree as text of the rule language, each name as `name_text` writes it."""
    return _text_of(node, name_text)[0]


def _text_of(node: Expression, name_text: Callable[[Name], str]) -> tuple[str, int]:
    """(text, how strongly it holds together)."""
    match node:
        case Number(_, value):
            return f"{value:.15g}", _UNARY + 1
        case String(_, text):
            return json.dumps(text, ensure_ascii=False), _UNARY + 1
        case Truth(_, truth):
            return "true" if truth else "false", _UNARY + 1
        case Name():
            return name_text(node), _UNARY + 1
        case ListOf(_, items):
            return f"[{', '.join(text_of(item, name_text) for item in items)}]", _UNARY + 1
        case Not(_, operand):
            return f"!{_held(operand, name_text, _UNARY)}", _UNARY
        case Negative(_, operand):
            return f"-{_held(operand, name_text, _UNARY)}", _UNARY
        case Binary(_, operator, left, right):
            strength = _STRENGTH.get(operator, _FACTOR)
            return f"{_held(left, name_text, strength)} {operator} {_held(right, name_text, strength + 1)}", strength
        case Choice(_, condition, yes, no):
            return f"{_held(condition, name_text, 1)} ? {_held(yes, name_text, 1)} : {text_of(no, name_text)}", 0
        case Item(_, operand, index):
            return f"{_held(operand, name_text, _UNARY)}[{index}]", _UNARY + 1
        case Call(_, function, arguments, method):
            return _call(function, [text_of(argument, name_text) for argument in arguments], method), _UNARY + 1


def _call(function: str, given: list[str], method: bool) -> str:
    return f"{given[0]}.{function}({', '.join(given[1:])})" if method else f"{function}({', '.join(given)})"


def _held(node: Expression, name_text: Callable[[Name], str], strength: int) -> str:
    text, own = _text_of(node, name_text)
    return text if own >= strength else f"({text})"
