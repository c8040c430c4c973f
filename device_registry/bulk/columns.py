"""The columns of a devices file, and what may be wrong with a header or a row; pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain.identities import SCHEMES

BASE: Final = (
    "device_id", "kind", "profile", "name", "area", "lon", "lat", "parent_id", "component_code", "department",
    "report_interval_s", *(scheme.column for scheme in SCHEMES if scheme.in_every_file), "attributes",
)  # fmt: skip
"""The columns that every tabular file has, in any order. (Design, "Devices file".)"""

SOURCE: Final = ("source_datum", "source_lon", "source_lat")
"""The location as it came, beside the WGS 84 that became of it."""

OPTIONAL: Final = (
    "grid", *(scheme.column for scheme in SCHEMES if not scheme.in_every_file),
    "owner", "maintainer", "component_scheme", "tags", "identities", *SOURCE,
)  # fmt: skip
"""Columns that a file may leave out; known devices then keep what they have."""

COLUMNS: Final = (*BASE, *OPTIONAL)
"""The columns of a file as it is exported."""

DATUM: Final = "datum"
"""The datum of lon and lat of the row, to be converted on import."""

GEOMETRY: Final = "geometry"
"""Of a refused GeoJSON feature: the geometry that is no point, as JSON."""

OF_REFUSED: Final = ("row", "error")
"""The columns that a file of refused rows adds; an import ignores them."""

KNOWN: Final = frozenset({*COLUMNS, DATUM, *OF_REFUSED})


_SEPARATORS: Final = {";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something wrong with one row of a file; `column` may be empty.

    `line` is where the row begins, from 1: in CSV the line, in XLSX the row of the sheet, in GeoJSON the feature.
    """

    line: int
    column: str
    what: str
    remedy: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"line {self.line}{column}: {self.what}; {self.remedy}"


class UnreadableFile(Exception):
    """A file of which no row can be read: another format, encoding or header. Never leaves the package."""

    def __init__(self, *errors: RowProblem) -> None:
        self.errors = errors
        super().__init__("\n".join(map(str, errors)))


def checked_header(line: int, cells: Sequence[str]) -> tuple[str, ...]:
    """The columns of a header. Raises: UnreadableFile with everything wrong with it."""
    columns = tuple(cell.strip() for cell in cells)
    if errors := tuple(header_errors(columns, line)):
        raise UnreadableFile(*errors)
    return columns


def header_errors(header: Sequence[str], line: int = 1) -> Iterator[RowProblem]:
    """What keeps the header from being the columns of the file, in any order."""
    if header and (separator := re.fullmatch(r"sep=(.?)", header[0], re.IGNORECASE)):
        what = f"the first line is {separator[0]!r}, which only Excel reads"
        remedy = "take the line out" if separator[1] in ("", ",") else "take it out, and separate the columns by commas"
        yield RowProblem(line, "", what, remedy)
        return
    if len(header) == 1 and (separator := re.search(r"[;\t]", header[0])):
        what = f"the columns are separated by {_SEPARATORS[separator[0]]}, not by commas"
        remedy = "save it as CSV with commas (Excel takes the list separator of the system's region), or as .xlsx"
        yield RowProblem(line, "", what, remedy)
        return
    if header and not set(header) & KNOWN:
        what = "the header is missing: this row names no column of a devices file"
        yield RowProblem(line, "", what, f"put a header first: {','.join(BASE)}")
        return
    missing = [column for column in BASE if column not in header]
    if missing:
        what = f"columns are missing: {', '.join(missing)}"
        yield RowProblem(line, "", what, f"the header must hold {','.join(BASE)}, in any order; cells may be empty")
    for column in dict.fromkeys(header):
        if not column:
            places = ", ".join(str(place) for place, name in enumerate(header, start=1) if not name)
            what = f"the header names no column at place {places}"
            remedy = "take the commas at the end of every line out; in a spreadsheet delete the empty columns"
            yield RowProblem(line, "", what, remedy)
        elif "\n" in column or "\r" in column:
            what = f"the column {column[:80]!r} has a line break in its name"
            yield RowProblem(line, "", what, "write the name in one line")
        elif column not in KNOWN:
            what = f"the column {column[:80]!r} is not known"
            remedy = f"leave it out; known are {','.join((*COLUMNS, DATUM))}"
            yield RowProblem(line, column if column in KNOWN else "", what, remedy)
        elif header.count(column) > 1:
            yield RowProblem(line, column, "the column is there twice", "leave one of them out")
