"""One row of the devices file and the device it stands for, both ways; pure.

Empty cells mean the profile's default, and an empty profile means the built-in one of the kind. A text that a spreadsheet
would run as a formula (it begins with = + - @) is written behind an apostrophe, which reading takes off again; unguarded
ones are refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from domain.devices import Device, Profile

COLUMNS: Final = (
    "device_id", "kind", "profile", "name", "area", "lon", "lat", "parent_id", "component_code", "department",
    "report_interval_s", "dev_eui", "mn", "attributes",
)  # fmt: skip
"""The columns of the file as it is written; read in any order. (Design, "Devices file".)"""

_FORMULA: Final = re.compile(r"'*[=+\-@]")
_HARMLESS: Final = re.compile(r"[+-]?\d+([.,]\d+)?|-")
_NUMBERS: Final = frozenset({"lon", "lat", "report_interval_s"})


@dataclass(frozen=True, slots=True)
class RowError:
    """Something wrong with one row of a file. `line` is where the row begins, from 1; `column` may be empty."""

    line: int
    column: str
    what: str
    remedy: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"line {self.line}{column}: {self.what}; {self.remedy}"


def header_errors(header: Sequence[str]) -> Iterator[RowError]:
    """What keeps the header from being exactly the columns of the file, in any order."""
    if len(header) == 1 and re.search(r"[;\t]", header[0]):
        yield RowError(1, "", "the columns are not separated by commas", "save the file as comma-separated values")
        return
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        what = f"columns are missing: {', '.join(missing)}"
        yield RowError(1, "", what, f"the header must be {','.join(COLUMNS)}, in any order; cells may be empty")
    for column in COLUMNS:
        if header.count(column) > 1:
            yield RowError(1, column, "the column is there twice", "leave one of them out")
    for column in header:
        if column not in COLUMNS:
            yield RowError(1, column, "the column is not known", f"leave it out; known are {','.join(COLUMNS)}")


def read_row(line: int, cells: Mapping[str, str], profiles: Mapping[str, Profile]) -> Device | list[RowError]:
    """The device of a row, or everything that keeps its cells from being read.

    What the values must be is judged later, by `device_registry.validation`, with the rest of the registry in view.
    """
    errors: list[RowError] = []
    texts = {column: _read_text(line, column, cells[column], errors) for column in COLUMNS if column not in _NUMBERS}
    empty = (column for column in ("device_id", "kind") if not cells[column].strip())
    errors += (RowError(line, column, "the cell is empty", "every device needs one") for column in empty)
    kind = texts["kind"]
    profile = profiles.get(texts["profile"] or kind)
    interval_s = _read_number(line, "report_interval_s", cells["report_interval_s"], errors)
    lon, lat = (_read_number(line, column, cells[column], errors) for column in ("lon", "lat"))
    if interval_s is not None and interval_s != int(interval_s):
        errors.append(RowError(line, "report_interval_s", f"{interval_s} is no whole number", "give whole seconds"))
    attributes = _read_attributes(line, texts["attributes"], errors)
    if errors:
        return errors
    return Device(
        device_id=texts["device_id"],
        kind=kind,
        profile=texts["profile"] or kind,
        name=texts["name"],
        area=texts["area"] or None,
        lon=lon,
        lat=lat,
        parent_id=texts["parent_id"] or None,
        component_code=texts["component_code"] or None,
        department=texts["department"] or None,
        report_interval_s=int(interval_s) if interval_s is not None else (profile or _NO_PROFILE).report_interval_s,
        dev_eui=texts["dev_eui"] or None,
        mn=texts["mn"] or None,
        attributes=dict((profile or _NO_PROFILE).attributes) if attributes is None else attributes,
    )


def write_row(device: Device) -> list[str]:
    """The cells of a device in the order of COLUMNS; `read_row` of them gives the device again, but for its life cycle."""
    return [_write_cell(column, getattr(device, column)) for column in COLUMNS]


_NO_PROFILE: Final = Profile("", "")


def _read_text(line: int, column: str, cell: str, errors: list[RowError]) -> str:
    text = cell.strip()
    if text.startswith("'") and _FORMULA.match(text):
        return text[1:]
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        remedy = "put an apostrophe before it if it is meant as text"
        errors.append(RowError(line, column, f"{text[:40]!r} would run as a formula in a spreadsheet", remedy))
    return text


def _read_number(line: int, column: str, cell: str, errors: list[RowError]) -> float | None:
    text = cell.strip()
    if not text:
        return None
    try:
        number = float(text)
        if number - number == 0 and "_" not in text:
            return number
    except ValueError:
        pass
    remedy = "write it with a decimal point, like 120.55, or leave it empty"
    errors.append(RowError(line, column, f"{text[:40]!r} is no number", remedy))
    return None


def _read_attributes(line: int, text: str, errors: list[RowError]) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        attributes = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        errors.append(RowError(line, "attributes", f"no JSON: {error}", 'write an object like {"nominal_power": 100}'))
        return None
    if not isinstance(attributes, dict):
        errors.append(RowError(line, "attributes", "no JSON object", 'write an object like {"nominal_power": 100}'))
        return None
    return attributes


def _write_cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if column == "attributes":
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if column in _NUMBERS:
        return repr(value)
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text
