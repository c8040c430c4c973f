"""The syntax tree of a condition: the part of CEL that rules may use.

A condition is an expression over `reading.<quantity>`, `device.<attribute>`, `area.<level>`, `sun.elevation`, the rule's
signals by their names, and literals with the operators
`|| && ! == != < <= > >= in + - * / ?:`, lists, and a few functions. Our own parser (`parser`) exists for
what the CEL library does not expose: which quantity of `reading` is read, and where a literal stands, so that every number
becomes a double. Whatever it does not know is refused, never passed on.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    at: int
    value: float


@dataclass(frozen=True, slots=True)
class String:
    at: int
    value: str


@dataclass(frozen=True, slots=True)
class Truth:
    at: int
    value: bool


@dataclass(frozen=True, slots=True)
class Name:
    """`reading.voltage` is Name(root="reading", field="voltage"); a signal's root is "signal"."""

    at: int
    root: str
    field: str

    @property
    def flat(self) -> str:
        """The variable that carries its value into CEL: flat ones cost a quarter of nested dictionaries."""
        return f"{self.root}_{self.field.encode().hex()}"


@dataclass(frozen=True, slots=True)
class ListOf:
    at: int
    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    at: int
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Negative:
    at: int
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    at: int
    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`."""

    at: int
    condition: "Expression"
    yes: "Expression"
    no: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """`size(x)`, or `x.startsWith(y)` with x as the first argument and `method` set."""

    at: int
    function: str
    arguments: "tuple[Expression, ...]"
    method: bool


@dataclass(frozen=True, slots=True)
class Item:
    """`list[index]`; the index stays a whole number."""

    at: int
    operand: "Expression"
    index: int


Expression = Number | String | Truth | Name | ListOf | Not | Negative | Binary | Choice | Call | Item


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct sub-expressions, left to right."""
    match node:
        case Not(_, operand) | Negative(_, operand) | Item(_, operand, _):
            return (operand,)
        case Binary(_, _, left, right):
            return (left, right)
        case Choice(_, condition, yes, no):
            return (condition, yes, no)
        case ListOf(_, items):
            return items
        case Call(_, _, arguments, _):
            return arguments
        case _:
            return ()


def names(node: Expression) -> Iterator[Name]:
    """Every name read, left to right, repeated ones included."""
    if isinstance(node, Name):
        yield node
    for child in children(node):
        yield from names(child)


def to_cel(node: Expression) -> str:
    """CEL source of the same meaning in which every number is a double and every name a flat variable."""
    match node:
        case Number(_, value):
            return repr(value)
        case String(_, value):
            return '"' + "".join(_ESCAPES.get(c, c) for c in value) + '"'
        case Truth(_, value):
            return "true" if value else "false"
        case Name():
            return node.flat
        case ListOf(_, items):
            return f"[{', '.join(map(to_cel, items))}]"
        case Not(_, operand):
            return f"(!{to_cel(operand)})"
        case Negative(_, operand):
            return f"(-{to_cel(operand)})"
        case Binary(_, operator, left, right):
            return f"({to_cel(left)} {operator} {to_cel(right)})"
        case Choice(_, condition, yes, no):
            return f"({to_cel(condition)} ? {to_cel(yes)} : {to_cel(no)})"
        case Item(_, operand, index):
            return f"{to_cel(operand)}[{index}]"
        case Call(_, function, arguments, method):
            given = [to_cel(argument) for argument in arguments]
            call = f"{given[0]}.{function}({', '.join(given[1:])})" if method else f"{function}({', '.join(given)})"
            return f"double({call})" if function == "size" else call


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\u0000"}
