"""Of which type each part of a filter is, so that what can never be true is refused with the remedy. Pure.

The open properties (`properties/…`, `metadata/…`) may hold anything, and are judged by what they hold.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from web.standards.sta.entities.sets import OPEN_PROPERTIES
from web.standards.sta.query.expressions import (
    COMPARISONS,
    Binary,
    Call,
    Constant,
    Expression,
    InvalidQuery,
    Junction,
    Not,
    Path,
    render,
)
from web.standards.sta.query.functions import FUNCTIONS
from web.standards.sta.query.geography import Geography
from web.standards.sta.retrieval.bounds import final_property


class Sort(StrEnum):
    """What a value is, as it is named to people; numbers and truth values compare (true is 1)."""

    NUMBER = "a number"
    TEXT = "a text"
    INSTANT = "an instant"
    DAY = "a day"
    PLACE = "a place"
    OBJECT = "an object"
    NULL = "null"
    ANY = "anything"


_OF_PROPERTY: Final = {
    "phenomenonTime": Sort.INSTANT, "resultTime": Sort.INSTANT, "time": Sort.INSTANT, "result": Sort.NUMBER,
    "location": Sort.PLACE, "feature": Sort.PLACE,
}  # fmt: skip
_OF_FUNCTION: Final = {
    "substring": Sort.TEXT, "tolower": Sort.TEXT, "toupper": Sort.TEXT, "trim": Sort.TEXT, "concat": Sort.TEXT,
    "date": Sort.DAY,
}  # fmt: skip
"""What functions give; those that are not named give a number or a truth."""
_OF_ARGUMENT: Final = {str: Sort.TEXT, datetime: Sort.INSTANT}
_HOW: Final = {
    Sort.NUMBER: "a number stands without quotes: 21.5",
    Sort.TEXT: "a text stands in quotes: 'SL-1'",
    Sort.INSTANT: "an instant stands without quotes and with its offset: 2027-01-01T00:00:00Z",
    Sort.DAY: "a day stands without quotes: 2027-01-01",
    Sort.PLACE: "a place is compared by st_equals, st_within, st_intersects or geo.distance",
    Sort.OBJECT: "name one of its parts: …/name",
}  # fmt: skip


def check_types(expression: Expression, entity_set: str) -> Sort:
    """Of which type the expression is. Raises: InvalidQuery where it compares or computes with what does not fit."""
    match expression:
        case Junction(_, operands):
            for operand in operands:
                check_types(operand, entity_set)
            return Sort.NUMBER
        case Not(operand):
            check_types(operand, entity_set)
            return Sort.NUMBER
        case Constant(value):
            return _of_value(value)
        case Path():
            return _of_path(expression, entity_set)
        case Call(function, arguments):
            return _of_call(function, arguments, entity_set)
        case Binary():
            return _of_binary(expression, entity_set)


def _of_value(value: Any) -> Sort:
    match value:
        case None:
            return Sort.NULL
        case bool() | int() | float():
            return Sort.NUMBER
        case str():
            return Sort.TEXT
        case datetime():
            return Sort.INSTANT
        case date():
            return Sort.DAY
        case Geography():
            return Sort.PLACE
        case _:
            return Sort.ANY


def _of_path(path: Path, entity_set: str) -> Sort:
    _, names = final_property(path, entity_set)
    if names[0] in OPEN_PROPERTIES:
        return Sort.ANY if len(names) > 1 else Sort.OBJECT
    return _OF_PROPERTY.get(names[0], Sort.TEXT)


def _of_call(function: str, arguments: tuple[Expression, ...], entity_set: str) -> Sort:
    for argument, takes in zip(arguments, FUNCTIONS[function].takes, strict=True):
        wanted = _of_argument(takes)
        given = check_types(argument, entity_set)
        if given not in (wanted, Sort.ANY):
            raise InvalidQuery(f"{function}: {render(argument)} is {given}, not {wanted}; {_HOW[wanted]}")
    return _OF_FUNCTION.get(function, Sort.NUMBER)


def _of_argument(takes: Any) -> Sort:
    if isinstance(takes, tuple):
        return Sort.PLACE if Geography in takes else Sort.NUMBER
    return _OF_ARGUMENT[takes]


def _of_binary(binary: Binary, entity_set: str) -> Sort:
    left, right = check_types(binary.left, entity_set), check_types(binary.right, entity_set)
    if binary.operator not in COMPARISONS:
        for operand, sort in ((binary.left, left), (binary.right, right)):
            if sort not in (Sort.NUMBER, Sort.ANY):
                raise InvalidQuery(f"{binary.operator}: {render(operand)} is {sort}, not {Sort.NUMBER}")
        return Sort.NUMBER
    if Sort.NULL in (left, right):
        if binary.operator not in ("eq", "ne"):
            raise InvalidQuery(f"{render(binary)}: null is neither less nor greater; use eq null or ne null")
        return Sort.NUMBER
    for operand, sort in ((binary.left, left), (binary.right, right)):
        if sort in (Sort.PLACE, Sort.OBJECT):
            raise InvalidQuery(f"{render(binary)}: {render(operand)} is {sort}, which is not compared so; {_HOW[sort]}")
    if Sort.ANY not in (left, right) and left is not right:
        raise InvalidQuery(_unlike(binary, left, right))
    return Sort.NUMBER


def _unlike(binary: Binary, left: Sort, right: Sort) -> str:
    """Which property is of which type, and how a value of it is written."""
    (what, sort), (against, other) = (binary.left, left), (binary.right, right)
    if isinstance(what, Constant):
        (what, sort), (against, other) = (against, other), (what, sort)
    remedy = _HOW[sort]
    if (sort, other) == (Sort.INSTANT, Sort.DAY):
        remedy += f", or compare date({render(what)})"
    return f"{render(what)} is {sort}, and {render(against)} is {other}; {remedy}"
