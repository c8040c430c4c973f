"""One row of a devices file and the entry it stands for, both ways; pure.

Empty cells mean the profile's default, and an empty profile means the built-in one of the kind. In files that
spreadsheets open, a text that they would run as a formula (it begins with = + - @) stands behind an apostrophe, which
reading takes off again; unguarded ones are refused.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from device_registry.bulk.columns import BASE, COLUMNS, DATUM, OPTIONAL, SOURCE, RowProblem
from device_registry.bulk.datums import to_wgs84
from device_registry.records.entries import Datum, Details, DeviceEntry
from domain.devices import Device, Profile
from domain.identities import SCHEMES

_FORMULA: Final = re.compile(r"'*[=+\-@]")
_HARMLESS: Final = re.compile(r"[+-]?\d+([.,]\d+)?|-")
_LON_LAT: Final = ("lon", "lat")
_NUMBERS: Final = frozenset({*_LON_LAT, "report_interval_s", "source_lon", "source_lat"})
_TEXTS: Final = tuple(name for name in (*BASE, *OPTIONAL) if name not in _NUMBERS)
_NO_PROFILE: Final = Profile("", "")
_KEPT: Final = frozenset({"state", *OPTIONAL})
_DATUM_NAMES: Final = {
    "": None, "wgs84": Datum.WGS84, "epsg:4326": Datum.WGS84, "cgcs2000": Datum.CGCS2000, "epsg:4490": Datum.CGCS2000,
    "gcj02": Datum.GCJ02, "bd09": Datum.BD09, "bd09ll": Datum.BD09,
}  # fmt: skip


class Offer(NamedTuple):
    """What a row offers. `keep` names the fields that the row does not have: known devices keep theirs."""

    entry: DeviceEntry
    keep: frozenset[str]


class ReadRow(NamedTuple):
    """What could be read of a row, and what could not; without an offer where not even id and kind are there."""

    offer: Offer | None
    errors: list[RowProblem]


class Terms(NamedTuple):
    """How the rows of a file are read: `datum` where a row names none; `guarded` where apostrophes guard formulas."""

    profiles: Mapping[str, Profile]
    datum: Datum = Datum.WGS84
    guarded: bool = True


def read_row(line: int, cells: Mapping[str, str], terms: Terms) -> ReadRow:
    """The offer of a row and everything that is wrong with its cells. Columns that `cells` lacks are empty.

    What the values must be is judged later, by `device_registry.records.checks`, with the rest of the registry in view; a
    cell that cannot be read is empty in the offer.
    """
    errors: list[RowProblem] = []
    texts = dict.fromkeys(_TEXTS, "")
    for column, cell in cells.items():
        if cell and column in texts:
            texts[column] = _read_text(line, column, cell, terms.guarded, errors)
    empty = (column for column in ("device_id", "kind") if not texts[column])
    errors += (RowProblem(line, column, "the cell is empty", "every device needs one") for column in empty)
    numbers = {
        column: _read_number(line, column, given, errors) if (given := cells.get(column)) else None
        for column in _NUMBERS
    }
    interval_s = numbers["report_interval_s"]
    if interval_s is not None and interval_s != int(interval_s):
        errors.append(RowProblem(line, "report_interval_s", f"{interval_s} is no whole number", "give whole seconds"))
    attributes = _read_object(line, "attributes", texts["attributes"], errors)
    identities = _read_identities(line, texts["identities"], errors)
    place, source = _read_place(line, cells, texts, numbers, terms.datum, errors)
    if not texts["device_id"] or not texts["kind"]:
        return ReadRow(None, errors)
    kind = texts["kind"]
    names: dict[str, Any] = {scheme.column: texts[scheme.column] or None for scheme in SCHEMES}
    profile = terms.profiles.get(texts["profile"] or kind) or _NO_PROFILE
    device = Device(
        device_id=texts["device_id"],
        kind=kind,
        profile=texts["profile"] or kind,
        name=texts["name"],
        area=texts["area"] or None,
        lon=place[0],
        lat=place[1],
        parent_id=texts["parent_id"] or None,
        component_code=texts["component_code"] or None,
        department=texts["department"] or None,
        report_interval_s=profile.report_interval_s if interval_s is None else int(interval_s),
        attributes=dict(profile.attributes) if attributes is None else attributes,
        grid=texts["grid"] or None,
        **names,
    )
    details = Details(
        owner=texts["owner"] or None,
        maintainer=texts["maintainer"] or None,
        component_scheme=texts["component_scheme"] or None,
        source_datum=source[0],
        source_lon=source[1],
        source_lat=source[2],
        tags=tuple(sorted({tag.strip() for tag in texts["tags"].split(",")} - {""})) if texts["tags"] else (),
        identities=identities,
    )
    present = {*cells, *SOURCE} if source[0] is not Datum.WGS84 else cells
    return ReadRow(Offer(DeviceEntry(device, details), _KEPT.difference(present)), errors)


def write_cells(entry: DeviceEntry) -> dict[str, str]:
    """The cells of an entry by the columns of COLUMNS, unguarded; `read_row` of them gives it again, but for its life."""
    device, details = entry[0], entry[1]
    return {
        column: _cell(column, getattr(details if hasattr(details, column) else device, column)) for column in COLUMNS
    }


def guarded(column: str, cell: str) -> str:
    """The cell as a spreadsheet may open it: behind an apostrophe where it would run."""
    return f"'{cell}" if column not in _NUMBERS and _FORMULA.match(cell) else cell


def defused(cell: str) -> str:
    """A cell as it came, behind an apostrophe where a spreadsheet would run it; already guarded ones stay."""
    text = cell.strip()
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") and not _HARMLESS.fullmatch(text) else cell


def unguarded(cell: str) -> str:
    """The text of a cell: its guarding apostrophe taken off."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def read_datum(text: str) -> Datum | None:
    """The datum of that name, case, spaces, - and _ ignored; None where it is empty. Raises: ValueError."""
    name = re.sub(r"[\s_-]", "", text).lower()
    if name not in _DATUM_NAMES:
        raise ValueError(f"datum {text[:40]!r} is not known; write wgs84, cgcs2000, gcj02 or bd09")
    return _DATUM_NAMES[name]


def _read_text(line: int, column: str, cell: str, formulas_guarded: bool, errors: list[RowProblem]) -> str:
    text = cell.strip()
    if not formulas_guarded or not text or text[0] not in "'=+-@":
        return text
    if text[0] == "'":
        return unguarded(text)
    if not _HARMLESS.fullmatch(text):
        remedy = "put an apostrophe before it if it is meant as text"
        errors.append(RowProblem(line, column, f"{text[:40]!r} would run as a formula in a spreadsheet", remedy))
    return text


def _read_number(line: int, column: str, cell: str, errors: list[RowProblem]) -> float | None:
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
    errors.append(RowProblem(line, column, f"{text[:40]!r} is no number", remedy))
    return None


def _read_object(line: int, column: str, text: str, errors: list[RowProblem]) -> dict[str, Any] | None:
    if not text:
        return None
    example = 'write an object like {"nominal_power": 100}'
    try:
        read = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        errors.append(RowProblem(line, column, f"no JSON: {error}"[:200], example))
        return None
    if not isinstance(read, dict):
        errors.append(RowProblem(line, column, "no JSON object", example))
        return None
    return read


def _read_identities(line: int, text: str, errors: list[RowProblem]) -> dict[str, str]:
    read = _read_object(line, "identities", text, errors) or {}
    if not all(isinstance(value, str) for value in read.values()):
        errors.append(RowProblem(line, "identities", "not all values are texts", 'write {"imei": "861234"}'))
        return {}
    return read


def _read_place(
    line: int,
    cells: Mapping[str, str],
    texts: Mapping[str, str],
    numbers: Mapping[str, float | None],
    of_file: Datum,
    errors: list[RowProblem],
) -> tuple[tuple[float | None, float | None], tuple[Datum, float | None, float | None]]:
    """The place in WGS 84, and the source that it keeps. A row that names a source is in WGS 84 already."""
    lon, lat = numbers["lon"], numbers["lat"]
    try:
        datum = (read_datum(cells[DATUM]) if cells.get(DATUM) else None) or of_file
        source_datum = read_datum(texts["source_datum"]) if texts["source_datum"] else None
    except ValueError as error:
        column = DATUM if cells.get(DATUM, "").strip() else "source_datum"
        errors.append(RowProblem(line, column, *str(error).split("; ")))
        return (lon, lat), (Datum.WGS84, None, None)
    source = numbers["source_lon"], numbers["source_lat"]
    if (source_datum or Datum.WGS84) is not Datum.WGS84 or any(one is not None for one in source):
        if datum is not Datum.WGS84:
            what = f"lon and lat cannot be {datum.value} beside source_datum, source_lon and source_lat"
            errors.append(RowProblem(line, DATUM, what, "leave the datum out, or those three"))
        return (lon, lat), (source_datum or Datum.WGS84, *source)
    if datum is Datum.WGS84 or lon is None or lat is None:
        return (lon, lat), (Datum.WGS84, None, None)
    return to_wgs84(lon, lat, datum), (datum, lon, lat)


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if column in ("attributes", "identities"):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if value or column == "attributes" else ""
    if column == "tags":
        return ",".join(value) if isinstance(value, Iterable) else ""
    if column in _NUMBERS:
        return repr(value)
    return str(value)
