"""The rows of a file that were refused, as a file of their own: to be corrected and fed back."""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from device_registry.bulk.columns import OF_REFUSED, RowError
from device_registry.bulk.exporting import WRITERS
from device_registry.bulk.formats import Format
from device_registry.bulk.rows import defused, guarded, unguarded
from device_registry.bulk.staging import RefusedRow

_GEOMETRY: Final = "geometry"


def write_refused(
    file: BinaryIO, to: Format, columns: Sequence[str], rows: Iterable[RefusedRow], came_in: Format
) -> int:
    """How many rows were written: each as it came, behind the columns `row` and `error`, which an import ignores.

    What a spreadsheet would run stands behind an apostrophe, also where it was refused for that.
    """
    ordered = [*OF_REFUSED, *(column for column in columns if column not in OF_REFUSED)]
    if to is Format.GEOJSON:
        ordered.append(_GEOMETRY)
    writer = WRITERS[to](file, ordered)
    written = 0
    for row in rows:
        writer.write([list(_cells(row, ordered, to, came_in))])
        written += 1
    writer.close()
    return written


def told(errors: Iterable[RowError]) -> str:
    """All errors of a row as one text."""
    return " | ".join(f"{error.column}: {error.what}; {error.remedy}".removeprefix(": ") for error in errors)


def _cells(row: RefusedRow, columns: Sequence[str], to: Format, came_in: Format) -> Iterator[str]:
    cells = {**row.cells, OF_REFUSED[0]: str(row.line), OF_REFUSED[1]: told(row.errors)}
    for column in columns:
        cell = cells.get(column, "")
        if to.guarded and came_in.guarded:
            yield defused(cell)
        elif to.guarded:
            yield guarded(column, cell)
        else:
            yield unguarded(cell) if came_in.guarded else cell
    yield from map(defused, row.extra)
