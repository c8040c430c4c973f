"""Quantities that a city measures beside the built-in ones, as its file of tables names them."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from domain.errors import UnknownUnit
from domain.quantities.catalogue import BUILT_IN, Quantity
from domain.quantities.units import check_unit

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED: Final = frozenset({
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "namespace", "null", "package", "return", "true", "var", "void", "while",
})  # fmt: skip
"""Words of conditions, which no name in them can be."""
_KEYS: Final = frozenset({"en", "zh", "unit", "range", "boolean"})
_MOST: Final = 500
_LONGEST_TITLE: Final = 100


def read_quantities(part: object) -> tuple[tuple[Quantity, ...], list[str]]:
    """The quantities of the part `quantities`, by name, and what is wrong with it; a faulty one is left out."""
    if not isinstance(part, dict):
        return (), ["write name: {en: …, zh: …, unit: …, range: [low, high]}"]
    if len(part) > _MOST:
        return (), [f"{len(part)} quantities; give at most {_MOST}"]
    found: list[Quantity] = []
    problems: list[str] = []
    for name, entry in part.items():
        wrong = [f"{name}: {problem}" for problem in _problems(name, entry)]
        problems += wrong
        if not wrong:
            found.append(_quantity(name, entry))
    return tuple(sorted(found, key=lambda quantity: quantity.name)), problems


def _quantity(name: str, entry: Mapping[str, Any]) -> Quantity:
    if entry.get("boolean"):
        return Quantity(name, entry["en"], entry["zh"], "1", 0, 1, boolean=True)
    low, high = entry["range"]
    return Quantity(name, entry["en"], entry["zh"], entry["unit"], low, high)


def _problems(name: object, entry: object) -> Iterator[str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
        yield "is no name; use small letters, digits and _, a letter first, and no word of conditions"
    elif name in BUILT_IN:
        yield "is built in; give another name, since rules and devices of the library count on that one"
    if not isinstance(entry, dict):
        yield "write {en: …, zh: …, unit: …, range: [low, high]}"
        return
    for key in sorted(map(str, entry.keys() - _KEYS)):
        yield f"there is no {key!r}; use {', '.join(sorted(_KEYS))}"
    for language in ("en", "zh"):
        title = entry.get(language)
        if not isinstance(title, str) or not 0 < len(title.strip()) <= _LONGEST_TITLE:
            yield f"give its name in {language}, up to {_LONGEST_TITLE} characters"
    boolean = entry.get("boolean", False)
    if not isinstance(boolean, bool):
        yield "boolean is true, or left out"
    elif boolean and ("unit" in entry or "range" in entry):
        yield "true or false has no unit and no range; leave them out"
    elif not boolean:
        yield from _unit_problems(entry.get("unit"))
        if not _is_range(entry.get("range")):
            yield "give the range of what is plausible: [low, high], low below high"


def _unit_problems(unit: object) -> Iterator[str]:
    if not isinstance(unit, str) or not 0 < len(unit) <= 40:
        yield "give its unit in UCUM, '1' for a plain number"
        return
    try:
        check_unit(unit)
    except UnknownUnit as error:
        yield str(error)


def _is_range(given: object) -> bool:
    if not isinstance(given, list) or len(given) != 2:
        return False
    if any(isinstance(one, bool) or not isinstance(one, int | float) or not math.isfinite(one) for one in given):
        return False
    return bool(given[0] < given[1])
