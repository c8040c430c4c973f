"""XLSX in and out: the first sheet of a workbook, row by row, through openpyxl's streaming modes.

What is not text in a column of texts is refused, not guessed at: a date, a formula, a long number that lost digits.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from device_registry.bulk.columns import RowProblem, UnreadableFile, checked_header
from device_registry.bulk.formats.contract import MOST_ROW_BYTES, RawRow

_NUMBERS: Final = frozenset({"lon", "lat", "report_interval_s", "source_lon", "source_lat"})
_EXACT_INTEGER: Final = 10**15  # Excel keeps 15 digits
_MOST_SHARED_BYTES: Final = 512 * 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_ILLEGAL: Final = {code: f"\\x{code:02x}" for code in range(32) if code not in (9, 10, 13)} | {
    0xFFFE: "\\ufffe",
    0xFFFF: "\\uffff",
}


class XlsxReader:
    """`formats.FileReader` of a workbook that can be sought. Texts that the workbook shares are held in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        try:
            _check_sizes(file)
            self._book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
            sheet = self._book.worksheets[0]
            sheet.reset_dimensions()
            self._rows = enumerate(sheet.iter_rows(), start=1)
            line, header = next(((line, row) for line, row in self._rows if _filled(row)), (1, ()))
        except _BROKEN as error:
            raise UnreadableFile(_no_workbook(error)) from error
        cells = ["" if cell.value is None else str(cell.value) for cell in header]
        while cells and not cells[-1].strip():
            cells.pop()
        self.columns = checked_header(line, cells)

    @property
    def position(self) -> int:
        return self._file.tell() if not self._file.closed else 0

    def __iter__(self) -> Iterator[RawRow]:
        try:
            for line, row in self._rows:
                if _filled(row):
                    yield self._read(line, row)
        except _BROKEN as error:
            raise UnreadableFile(_no_workbook(error)) from error
        finally:
            self._book.close()

    def _read(self, line: int, row: Sequence[Any]) -> RawRow:
        cells = dict.fromkeys(self.columns, "")
        errors: list[RowProblem] = []
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


_BROKEN: Final = (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, OSError, EOFError)


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


def _check_sizes(file: BinaryIO) -> None:
    """Raises: UnreadableFile for a workbook that would not be read row by row: texts too large for memory."""
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.filename.endswith("sharedStrings.xml") and member.file_size > _MOST_SHARED_BYTES:
                what = f"the workbook's texts are {member.file_size:,} bytes, more than {_MOST_SHARED_BYTES:,}"
                raise UnreadableFile(RowProblem(1, "", what, "save it as CSV UTF-8, or in parts"))
            if member.filename.endswith(".xml"):
                _check_texts(archive, member)
    file.seek(0)


def _check_texts(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """A cell holds 32,767 characters at most; whoever packs megabytes into one means to harm."""
    rows = 0
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE_BYTES):
            if b"<" not in piece and len(piece) == _PIECE_BYTES:
                line = max(rows, 1) if "worksheets" in member.filename else 1
                what = f"a text of the row is longer than {MOST_ROW_BYTES:,} bytes"
                raise UnreadableFile(RowProblem(line, "", what, "shorten it"))
            rows += piece.count(b"<row ")


def _no_workbook(error: Exception) -> RowProblem:
    return RowProblem(1, "", f"the workbook cannot be read: {error}"[:300], "save it as .xlsx again, or as CSV UTF-8")
