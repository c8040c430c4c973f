"""XLSX in and out: the first sheet of a workbook, row by row, through openpyxl's streaming modes.

What is not text in a column of texts is refused, not guessed at: a date, a formula, a long number that lost digits.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook

from device_registry.bulk.columns import RowProblem, UnreadableFile, checked_header
from device_registry.bulk.formats.contract import RawRow
from device_registry.bulk.formats.merged_cells import MergedCells
from device_registry.bulk.formats.workbook_parts import MOST_SHEET_ROWS, check_parts

_NUMBERS: Final = frozenset({"lon", "lat", "report_interval_s", "source_lon", "source_lat"})
_EXACT_INTEGER: Final = 10**15  # Excel keeps 15 digits
_UNMERGE: Final = "unmerge them, and write into each cell what it is to hold"
_NO_MEMORY: Final = 1
"""Expat's XML_ERROR_NO_MEMORY."""
_ILLEGAL: Final = {code: f"\\x{code:02x}" for code in range(32) if code not in (9, 10, 13)} | {
    0xFFFE: "\\ufffe",
    0xFFFF: "\\uffff",
}


class XlsxReader:
    """`formats.FileReader` of a workbook that can be sought. Texts that the workbook shares are held in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        with _workbook_errors():
            merged = check_parts(file)
            self._book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
            sheet = self._book.worksheets[0]
            sheet.reset_dimensions()
            self._merged = MergedCells(merged.get(sheet._worksheet_path, ()))
            self._rows = _numbered(sheet.iter_rows())
            line, header = next(((line, row) for line, row in self._rows if _filled(row)), (1, ()))
        cells = ["" if cell.value is None else str(cell.value) for cell in header]
        while cells and not cells[-1].strip():
            cells.pop()
        self.columns = checked_header(line, cells)

    @property
    def position(self) -> int:
        return self._file.tell() if not self._file.closed else 0

    def __iter__(self) -> Iterator[RawRow]:
        try:
            with _workbook_errors():
                for line, row in self._rows:
                    if _filled(row):
                        yield self._read(line, row)
        finally:
            self._book.close()

    def _read(self, line: int, row: Sequence[Any]) -> RawRow:
        cells = dict.fromkeys(self.columns, "")
        errors = [
            RowProblem(line, self.columns[place], f"the cell is covered by the merged cells {area}", _UNMERGE)
            for place, area in self._merged.covered(line, len(self.columns))
        ]
        for column, cell in zip(self.columns, row, strict=False):
            if cell.value is not None:
                cells[column] = _text(line, column, cell, errors)
        extra = tuple(str(cell.value) for cell in row[len(self.columns) :] if cell.value is not None)
        if extra:
            what = f"{len(extra)} cells to the right of the last column"
            errors.append(RowProblem(line, "", what, "clear them, or give their column a header"))
        elif tuple(cells.values()) == self.columns:
            errors.append(RowProblem(line, "", "the header stands here once more", "take the row out"))
        return RawRow(line, cells, extra, tuple(errors))


class XlsxWriter:
    """Rows of cells as the one sheet of a workbook; the file is whole once `close` has returned."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self._columns = tuple(columns)
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("devices")
        self.write([columns])

    def write(self, rows: Iterable[Sequence[str | None]]) -> None:
        for row in rows:
            self._sheet.append(
                [
                    _number(cell) if column in _NUMBERS else (cell or "").translate(_ILLEGAL) or None
                    for column, cell in zip(self._columns, row, strict=False)
                ]
                + list(row[len(self._columns) :])
            )

    def close(self) -> None:
        self._book.save(self._file)


@contextmanager
def _workbook_errors() -> Iterator[None]:
    """Whatever openpyxl stumbles over in a workbook becomes UnreadableFile; without memory, MemoryError."""
    try:
        yield
    except (UnreadableFile, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, ParseError) and error.code == _NO_MEMORY:
            raise MemoryError from error
        raise UnreadableFile(_no_workbook(error)) from error


def _numbered(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows with their numbers. A row may claim any number, and those before it are counted through one by one."""
    for line, row in enumerate(rows, start=1):
        if line > MOST_SHEET_ROWS:
            what = f"the sheet has a row beyond {MOST_SHEET_ROWS:,}, where sheets end"
            raise UnreadableFile(RowProblem(line, "", what, "save it again, or as CSV UTF-8"))
        yield line, row


def _filled(row: Sequence[Any]) -> bool:
    return any(cell.value is not None and str(cell.value).strip() for cell in row)


def _text(line: int, column: str, cell: Any, errors: list[RowProblem]) -> str:
    value, kind = cell.value, cell.data_type
    if kind == "f":
        errors.append(
            RowProblem(line, column, f"{str(value)[:40]!r} is a formula", "put its value there, not the formula")
        )
    elif kind == "e":
        errors.append(RowProblem(line, column, f"the cell is the error {value}", "correct it"))
    elif kind == "d":
        remedy = "format the column as text and write it again"
        errors.append(RowProblem(line, column, f"{value} is a date to the spreadsheet", remedy))
    elif kind == "b":
        errors.append(RowProblem(line, column, "the cell is true or false", "format the column as text"))
        return str(value).lower()
    elif kind == "n" and column not in _NUMBERS and not _is_exact(value):
        remedy = "format the column as text and write it again: a spreadsheet keeps 15 digits of a number"
        errors.append(RowProblem(line, column, f"{value} is a number that may have lost digits", remedy))
    if isinstance(value, float) and value == int(value) and column not in ("lon", "lat", "source_lon", "source_lat"):
        return str(int(value))
    return str(value)


def _is_exact(value: object) -> bool:
    return isinstance(value, int | float) and value == int(value) and abs(value) < _EXACT_INTEGER


def _number(cell: str | None) -> float | str | None:
    """The number of a cell; the text where it is none, as in a refused row, or where 16 digits cannot hold it."""
    try:
        number = float(cell) if cell else None
    except ValueError:
        return cell
    return cell if number is not None and float(f"{number:.16g}") != number else number


def _no_workbook(error: Exception) -> RowProblem:
    return RowProblem(1, "", f"the workbook cannot be read: {error}"[:300], "save it as .xlsx again, or as CSV UTF-8")
