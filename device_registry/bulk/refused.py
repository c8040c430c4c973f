"""The rows of a file that were refused, as a file of their own: to be corrected and fed back."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from device_registry.bulk.columns import GEOMETRY, OF_REFUSED, RowProblem
from device_registry.bulk.exporting import WRITERS, FileWriter
from device_registry.bulk.formats.contract import Format
from device_registry.bulk.rows import defused, unguarded
from device_registry.bulk.staging import RefusedRow as RefusedRow


class RefusedFile:
    """Refused rows, written one by one: each as it came, behind the columns `row` and `error`, which an import ignores.

    `columns` are those of the file that they came from. The file appears with the first row, and is whole once `stack`
    is closed; without a path nothing is written. What a spreadsheet would run stands behind an apostrophe, also where it
    was refused for that.
    """

    def __init__(self, stack: ExitStack, path: Path | None, to: Format, came_in: Format) -> None:
        self._stack, self._path, self._to, self._came_in = stack, path, to, came_in
        self._writer: FileWriter | None = None
        self.columns: Sequence[str] = ()

    def write(self, row: RefusedRow) -> None:
        if self._path is None:
            return
        if self._writer is None:
            of_file = [column for column in self.columns if column not in OF_REFUSED]
            self.columns = [*OF_REFUSED, *of_file, *([GEOMETRY] if self._to is Format.GEOJSON else [])]
            file = self._stack.enter_context(self._path.open("wb"))
            self._writer = WRITERS[self._to](file, self.columns)
            self._stack.callback(self._writer.close)
        self._writer.write([list(self._cells(row))])

    def _cells(self, row: RefusedRow) -> Iterator[str | None]:
        cells = {**row.cells, OF_REFUSED[0]: str(row.line), OF_REFUSED[1]: worded(row.errors)}
        for column in self.columns:
            cell = cells.get(column)
            if cell is None:
                yield None
            elif self._to.guarded:
                yield defused(cell)
            else:
                yield unguarded(cell) if self._came_in.guarded else cell
        yield from map(defused, row.extra)


def worded(errors: Iterable[RowProblem]) -> str:
    """All errors of a row as one text."""
    return " | ".join(f"{error.column}: {error.what}; {error.remedy}".removeprefix(": ") for error in errors)
