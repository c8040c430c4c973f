"""What cities set differently, read from `city_tables.yaml` and the file of the city's own that overrides it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from documents.located_yaml.document import load_typed_document
from documents.located_yaml.reading import BadYaml
from domain.errors import ConfigurationError

GB_T_30428_2: Final = "GB/T 30428.2"
CITY_TABLES: Final = "the city's tables (the file that URBANSENSE_CITY_TABLES names)"
"""What a message calls them that refuses a record by them."""

_OWN: Final = Path(__file__).with_name("city_tables.yaml")
_COMPONENT_CODE: Final = re.compile(r"([0-9]{6})([0-9]{2})([0-9]{2})[0-9]{6}")
_DIVISION: Final = re.compile(r"[0-9]{6}")
_TWO_DIGITS: Final = re.compile(r"[0-9]{2}")


@dataclass(frozen=True, slots=True)
class ComponentClass:
    """A class (大类) of components and its subclasses (小类) by their two digits; each with its names by language."""

    names: Mapping[str, str]
    subclasses: Mapping[str, Mapping[str, str]]
    open: bool


@dataclass(frozen=True, slots=True)
class CityTables:
    """The tables in force. `parents` holds, by kind, the kinds that may hang on it; None is any.

    `bounds` is (west, south, east, north), WGS 84 degrees.
    """

    component_scheme: str | None
    divisions: frozenset[str] | None
    bounds: tuple[float, float, float, float] | None
    parents: Mapping[str, frozenset[str] | None]
    component_classes: Mapping[str, ComponentClass]

    def component_problem(self, code: str) -> str | None:
        """What is wrong with a code of GB/T 30428.2; None where nothing is."""
        parts = _COMPONENT_CODE.fullmatch(code)
        if parts is None:
            return f"{code!r} has not the 16 digits of {GB_T_30428_2}"
        division, major, minor = parts.groups()
        if self.divisions is not None and division not in self.divisions:
            return f"division {division} of {code!r} is not among the city's `divisions`"
        known = self.component_classes.get(major)
        if known is None:
            return f"class {major} of {code!r} is not in `component_classes`"
        if not known.open and minor not in known.subclasses:
            return f"subclass {major}{minor} of {code!r} is not in `component_classes`"
        return None

    def component_names(self, code: str) -> Mapping[str, str]:
        """The names of a code's class by language (`zh`, `en`), its subclass's where that is known; else empty."""
        parts = _COMPONENT_CODE.fullmatch(code)
        known = self.component_classes.get(parts[2]) if parts else None
        return known.subclasses.get(parts[3], known.names) if known and parts else {}

    def may_hang(self, child_kind: str, parent_kind: str) -> bool:
        """Whether a device of the one kind may hang on one of the other."""
        if parent_kind not in self.parents:
            return False
        children = self.parents[parent_kind]
        return children is None or child_kind in children


def load_city_tables(path: Path | None = None) -> CityTables:
    """The shipped tables, with the city's own laid over them part by part; kinds and classes are overridden one by one.

    Raises: ConfigurationError with everything wrong in the file.
    """
    ours = _read(_OWN)
    theirs = _read(path) if path is not None else {}
    unknown = sorted(map(str, theirs.keys() - {one.name for one in fields(CityTables)}))
    problems = [f"{path}: there is no part {name!r}; parts are {', '.join(sorted(ours))}" for name in unknown]
    merged = {**ours, **theirs}
    for part in ("parents", "component_classes"):
        laid_over = theirs.get(part) or {}
        if isinstance(laid_over, dict):
            merged[part] = _overlaid(ours[part], laid_over)
    tables = _tables(merged, problems, path or _OWN)
    if problems or tables is None:
        raise ConfigurationError(problems)
    return tables


def _read(path: Path) -> dict[str, Any]:
    try:
        document = load_typed_document(path.read_text(encoding="utf-8"), str(path)).value
    except (OSError, UnicodeDecodeError, BadYaml) as error:
        raise ConfigurationError(f"URBANSENSE_CITY_TABLES: {path} cannot be read: {error}") from error
    if document is not None and not isinstance(document, dict):
        raise ConfigurationError(f"{path}: write a mapping of parts, as in the shipped city_tables.yaml")
    return document or {}


def _overlaid(ours: dict[Any, Any], theirs: dict[Any, Any]) -> dict[Any, Any]:
    """Both, theirs winning; subclasses are joined, and null takes an entry away."""
    joined = dict(ours)
    for key, value in theirs.items():
        held = joined.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            subclasses = _overlaid(held.get("subclasses") or {}, value.get("subclasses") or {})
            joined[key] = {**held, **value, "subclasses": subclasses}
        else:
            joined[key] = value
    return {key: value for key, value in joined.items() if value is not None}


def _tables(merged: Mapping[str, Any], problems: list[str], path: Path) -> CityTables | None:
    def check(part: str, fits: bool, remedy: str) -> None:
        if not fits:
            problems.append(f"{path}: {part} cannot be used: {remedy}")

    scheme, divisions, bounds = (merged[part] for part in ("component_scheme", "divisions", "bounds"))
    parents, classes = merged["parents"], merged["component_classes"]
    check("component_scheme", scheme is None or isinstance(scheme, str), f"name one, such as {GB_T_30428_2}, or null")
    check("divisions", divisions is None or _are_codes(divisions, _DIVISION), 'list six-digit texts: ["320582"]')
    check("bounds", bounds is None or _is_box(bounds), "write [west, south, east, north] in degrees")
    check("parents", isinstance(parents, dict) and all(map(_is_kinds, parents.values())), "write kind: any or [kinds]")
    check(
        "component_classes", isinstance(classes, dict) and all(map(_is_class, classes.items())), "see the shipped file"
    )
    if problems:
        return None
    return CityTables(
        component_scheme=scheme,
        divisions=frozenset(divisions) if divisions is not None else None,
        bounds=(bounds[0], bounds[1], bounds[2], bounds[3]) if bounds is not None else None,
        parents={kind: None if kinds == "any" else frozenset(kinds) for kind, kinds in parents.items()},
        component_classes={
            code: ComponentClass(
                {language: entry[language] for language in ("zh", "en") if language in entry},
                entry.get("subclasses") or {},
                bool(entry.get("open", False)),
            )
            for code, entry in classes.items()
        },
    )


def _are_codes(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and pattern.fullmatch(one) for one in value)


def _is_box(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 4:
        return False
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
        return False
    west, south, east, north = value
    return bool(-180 <= west < east <= 180 and -90 <= south < north <= 90)


def _is_kinds(value: object) -> bool:
    return value == "any" or (isinstance(value, list) and all(isinstance(kind, str) for kind in value))


def _is_class(item: tuple[object, object]) -> bool:
    code, entry = item
    if not isinstance(code, str) or not _TWO_DIGITS.fullmatch(code) or not isinstance(entry, dict):
        return False
    subclasses = entry.get("subclasses") or {}
    return _are_codes(list(subclasses), _TWO_DIGITS) and all(isinstance(names, dict) for names in subclasses.values())
