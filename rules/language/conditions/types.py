"""The types of a condition, found before it ever runs: numbers (doubles), text, truth values, lists.

Quantities have the catalogue's type. The registry's own facts are known too; any other attribute takes the type that its
use asks for, and must keep to it.
"""

from enum import Enum
from typing import Final

from domain.quantities.catalogue import CATALOGUE
from rules.language.conditions.errors import BadExpression
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
)


class Kind(Enum):
    """A type; the value is how messages call it."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "true or false"
    LIST = "a list"
    UNKNOWN = "of unknown type"


ALL_ROOTS: Final = ("reading", "device", "area", "sun", "signal")
FACTS: Final = {
    **dict.fromkeys(
        (
            "device_id",
            "kind",
            "profile",
            "name",
            "area",
            "grid",
            "department",
            "parent_id",
            "component_code",
        ),
        Kind.TEXT,
    ),
    **dict.fromkeys(("lon", "lat", "report_interval_s"), Kind.NUMBER),
}
"""What every device has in the registry; other names are its attributes."""
SUN: Final = {"elevation": Kind.NUMBER}
"""The sun at the device's place: its elevation above the horizon in degrees."""
AREA: Final = dict.fromkeys(("division", "street", "community", "grid"), Kind.TEXT)
"""The device's area by level, each as the path down to it: `320582`, `320582/110`, `320582/110/152`, ..."""


class Types:
    """The types of one condition. `attributes` holds what each attribute must be, as far as its uses show."""

    def __init__(self, tree: Expression, roots: tuple[str, ...] = ALL_ROOTS) -> None:
        """Raises: BadExpression where the tree cannot be a condition."""
        self.attributes: dict[str, Kind] = {}
        self._roots = roots
        self._expect(tree, Kind.TRUTH)

    def of(self, node: Expression) -> Kind:
        """The type of a node of the tree. Raises: BadExpression where its operands do not fit."""
        match node:
            case Number():
                return Kind.NUMBER
            case String():
                return Kind.TEXT
            case Truth():
                return Kind.TRUTH
            case Name():
                return self._of_name(node)
            case Not(_, operand):
                return self._expect(operand, Kind.TRUTH)
            case Negative(_, operand):
                return self._expect(operand, Kind.NUMBER)
            case Binary():
                return self._of_binary(node)
            case Choice(_, condition, yes, no):
                self._expect(condition, Kind.TRUTH)
                return self._alike(node.at, yes, no)
            case ListOf(_, items):
                for item in items[1:]:
                    self._alike(item.at, items[0], item)
                for item in items[:1]:
                    self.of(item)
                return Kind.LIST
            case Item(_, operand, index):
                return self._of_item(operand, index)
            case Call():
                return self._of_call(node)

    def _of_name(self, name: Name) -> Kind:
        if name.root not in self._roots:
            known = " and ".join(f"{root}.<name>" for root in self._roots)
            raise BadExpression(name.at, f"{name.root}.{name.field} cannot be used here, only {known}")
        match name.root:
            case "device":
                return FACTS.get(name.field) or self.attributes.setdefault(name.field, Kind.UNKNOWN)
            case "signal":
                return Kind.NUMBER
            case "sun":
                return _one_of(name, SUN)
            case "area":
                return _one_of(name, AREA)
        quantity = CATALOGUE.get(name.field)
        if quantity is None:
            raise BadExpression(name.at, f"unknown quantity {name.field!r}{_meant(name.field)}")
        return Kind.TRUTH if quantity.boolean else Kind.NUMBER

    def _of_binary(self, node: Binary) -> Kind:
        match node.operator:
            case "&&" | "||":
                self._expect(node.left, Kind.TRUTH)
                return self._expect(node.right, Kind.TRUTH)
            case "==" | "!=":
                self._alike(node.at, node.left, node.right)
                return Kind.TRUTH
            case "in":
                self._expect(node.right, Kind.LIST)
                if isinstance(node.right, ListOf) and node.right.items:
                    self._alike(node.at, node.left, node.right.items[0])
                self.of(node.left)
                return Kind.TRUTH
            case "<" | "<=" | ">" | ">=":
                kind = self._alike(node.at, node.left, node.right)
                if kind in (Kind.TRUTH, Kind.LIST):
                    raise BadExpression(node.at, f"{node.operator!r} cannot order what is {kind.value}")
                return Kind.TRUTH
            case "+":
                kind = self._alike(node.at, node.left, node.right)
                if kind in (Kind.TRUTH, Kind.LIST):
                    raise BadExpression(node.at, f"'+' cannot add what is {kind.value}")
                return kind
            case _:
                self._expect(node.left, Kind.NUMBER)
                return self._expect(node.right, Kind.NUMBER)

    def _of_item(self, operand: Expression, index: int) -> Kind:
        self._expect(operand, Kind.LIST)
        if isinstance(operand, ListOf):
            if index >= len(operand.items):
                raise BadExpression(operand.at, f"the list has no item [{index}]; the first is [0]")
            return self.of(operand.items[index])
        return Kind.UNKNOWN

    def _of_call(self, node: Call) -> Kind:
        if node.function in ("contains", "startsWith", "endsWith", "matches"):
            for argument in node.arguments:
                self._expect(argument, Kind.TEXT)
            return Kind.TRUTH
        kind = self.of(node.arguments[0])
        if node.function == "size" and kind in (Kind.NUMBER, Kind.TRUTH):
            raise BadExpression(node.at, f"size() needs text or a list, not {kind.value}")
        return Kind.TEXT if node.function == "string" else Kind.NUMBER

    def _expect(self, node: Expression, wanted: Kind) -> Kind:
        found = self.of(node)
        if found is Kind.UNKNOWN:
            if isinstance(node, Name):
                self.attributes[node.field] = wanted
        elif found is not wanted:
            raise BadExpression(node.at, f"this is {found.value} where {wanted.value} is needed")
        return wanted

    def _alike(self, at: int, left: Expression, right: Expression) -> Kind:
        """Both operands' one type."""
        one, other = self.of(left), self.of(right)
        if Kind.UNKNOWN in (one, other):
            known = other if one is Kind.UNKNOWN else one
            if known is not Kind.UNKNOWN:
                self._expect(left, known)
                self._expect(right, known)
            return known
        if one is not other:
            raise BadExpression(at, f"the left side is {one.value}, the right side is {other.value}")
        return one


def _one_of(name: Name, known: dict[str, Kind]) -> Kind:
    if name.field not in known:
        raise BadExpression(name.at, f"unknown name {name.root}.{name.field}; known are {', '.join(known)}")
    return known[name.field]


def _meant(field: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(field, CATALOGUE, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
