"""A `$filter` or `$orderby` as a tree, and the tree as text again."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from typing import Literal as OneOf

from web.standards.sta.query.geography import Geography

COMPARISONS: Final = ("eq", "ne", "gt", "ge", "lt", "le")
ARITHMETIC: Final = ("add", "sub", "mul", "div", "mod")

Value = None | bool | int | float | str | date | datetime | Geography


class InvalidQuery(ValueError):
    """A query that cannot be answered; the message names what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value


@dataclass(frozen=True, slots=True)
class Path:
    """A property, by way of entities: `Datastream/Thing/properties/kind`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison or a calculation."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Junction:
    """Two or more conditions, of which all or at least one must hold."""

    operator: OneOf["and", "or"]
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Expression"


Expression = Constant | Path | Call | Binary | Junction | Not


def render(expression: Expression) -> str:
    """The expression as text, with every pair of parentheses that it could have."""
    match expression:
        case Constant(value):
            return _literal(value)
        case Path():
            return str(expression)
        case Call(function, arguments):
            return f"{function}({', '.join(map(render, arguments))})"
        case Binary(operator, left, right):
            return f"({render(left)} {operator} {render(right)})"
        case Junction(operator, operands):
            return f"({f' {operator} '.join(map(render, operands))})"
        case Not(operand):
            return f"(not {render(operand)})"


def paths_of(expression: Expression) -> set[Path]:
    """Every property that the expression reads."""
    match expression:
        case Path():
            return {expression}
        case Constant():
            return set()
        case Call(_, arguments):
            return set().union(*map(paths_of, arguments))
        case Binary(_, left, right):
            return paths_of(left) | paths_of(right)
        case Junction(_, operands):
            return set().union(*map(paths_of, operands))
        case Not(operand):
            return paths_of(operand)


def _literal(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime() | date():
            return value.isoformat()
        case Geography():
            return f"geography'{value.wkt}'"
        case _:
            return repr(value)
