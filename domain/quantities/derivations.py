"""Derived readings: a small formula over the readings of one report and the attributes of its device.

    device.installed_height - distance / 1000        max(0, well_depth - 0.5)

A formula knows numbers, quantities by name (canonical units), `device.<attribute>`, `+ - * /`, parentheses, `min`, `max`
and `abs`; nothing else, so it always ends and touches nothing.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from domain.devices import DerivedReading
from domain.errors import ConfigurationError
from domain.quantities.catalogue import CATALOGUE, Quantity

_LONGEST: Final = 500
_DEEPEST: Final = 30
_OPERATORS: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_FUNCTIONS: Final[dict[str, Callable[..., float]]] = {"min": min, "max": max, "abs": abs}
_Term = Callable[[Mapping[str, float], Mapping[str, float]], float]


class BadFormula(ConfigurationError):
    """A formula that cannot be computed; the message states where and why."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A derived reading compiled. `inputs` are the quantities and `attributes` the device's attributes that it needs."""

    quantity: Quantity
    inputs: tuple[str, ...]
    attributes: tuple[str, ...]
    compute: Callable[[Mapping[str, float], Mapping[str, float]], float]
    """The value, from readings and attributes that hold all it needs. Raises: ArithmeticError, as division by zero does."""


def compile_derivation(derived: DerivedReading) -> Derivation:
    """The formula ready to compute. Raises: BadFormula."""
    quantity = CATALOGUE.get(derived.quantity)
    if quantity is None:
        raise BadFormula(f"{derived.quantity!r} is no quantity of the catalogue")
    if quantity.boolean:
        raise BadFormula(f"{derived.quantity} is true or false; only numbers can be derived")
    if len(derived.formula) > _LONGEST:
        raise BadFormula(f"the formula has {len(derived.formula)} characters; give at most {_LONGEST}")
    try:
        tree = ast.parse(derived.formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadFormula(f"{derived.formula!r} is no formula: {getattr(error, 'msg', error)}") from error
    compiler = _Compiler(derived)
    term = compiler.term(tree, 0)
    return Derivation(quantity, tuple(compiler.inputs), tuple(compiler.attributes), term)


class _Compiler:
    """Turns one tree into nested functions, and notes what it reads."""

    def __init__(self, derived: DerivedReading) -> None:
        self._derived = derived
        self.inputs: dict[str, None] = {}
        self.attributes: dict[str, None] = {}

    def term(self, node: ast.expr, depth: int) -> _Term:
        if depth > _DEEPEST:
            raise self._refused("it is nested too deep", node)
        match node:
            case ast.Constant(value=bool()):
                raise self._refused("true and false are no numbers", node)
            case ast.Constant(value=int() | float() as value):
                return self._number(value, node)
            case ast.Name(id=name):
                return self._reading(name, node)
            case ast.Attribute(value=ast.Name(id="device"), attr=name):
                self.attributes[name] = None
                return lambda _, attributes: attributes[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.term(operand, depth + 1)
                return lambda readings, attributes: -inner(readings, attributes)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._binary(_OPERATORS[type(op)], self.term(left, depth + 1), self.term(right, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=[_, *_] as args, keywords=[]) if name in _FUNCTIONS:
                return self._call(name, [self.term(one, depth + 1) for one in args], node)
        raise self._refused("only + - * / min max abs, quantities and device.<attribute> can be used", node)

    def _number(self, value: float, node: ast.expr) -> _Term:
        number = float(value) if abs(value) < 1e300 else float("inf")
        if not isfinite(number):
            raise self._refused("the number is too large", node)
        return lambda _, __: number

    def _reading(self, name: str, node: ast.expr) -> _Term:
        if name not in CATALOGUE:
            raise self._refused(f"{name!r} is no quantity; write device.{name} for an attribute of the device", node)
        if name == self._derived.quantity:
            raise self._refused(f"{name} cannot be derived from itself", node)
        self.inputs[name] = None
        return lambda readings, _: readings[name]

    @staticmethod
    def _binary(operate: Callable[[float, float], float], left: _Term, right: _Term) -> _Term:
        return lambda readings, attributes: operate(left(readings, attributes), right(readings, attributes))

    def _call(self, name: str, terms: list[_Term], node: ast.expr) -> _Term:
        if (len(terms) == 1) != (name == "abs"):
            raise self._refused("abs takes one value, min and max two or more", node)
        function = _FUNCTIONS[name]
        return lambda readings, attributes: function(*(term(readings, attributes) for term in terms))

    def _refused(self, what: str, node: ast.expr) -> BadFormula:
        return BadFormula(f"{self._derived.formula!r}, column {node.col_offset + 1}: {what}")
