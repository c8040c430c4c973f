"""CSV in and out: UTF-8 with or without a byte order mark, or GB 18030, found out by looking.

bytes ──▶ lines of at most MOST_ROW_BYTES ──text──▶ csv ──▶ rows of cells
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from device_registry.bulk.columns import RowProblem, UnreadableFile, checked_header
from device_registry.bulk.formats.contract import MOST_ROW_BYTES, RawRow
from device_registry.bulk.formats.encodings import GB_18030, UTF_8, find_encoding, utf8_in_gb18030

_QUOTE_COMMAS: Final = 'put a text that holds commas between double quotes: "a, b"'
_NAMES: Final = {UTF_8: "UTF-8", GB_18030: "GB 18030"}


class CsvReader:
    """`formats.FileReader` of a file that can be sought."""

    def __init__(self, file: BinaryIO) -> None:
        self._lines = _Lines(file, find_encoding(file))
        self._rows = _split(self._lines)
        header = next(self._rows, _Split(1, []))
        if header.error is not None:
            raise UnreadableFile(header.error)
        self.columns = checked_header(header.line, header.cells)

    @property
    def position(self) -> int:
        return self._lines.position

    def __iter__(self) -> Iterator[RawRow]:
        width = len(self.columns)
        for line, cells, error in self._rows:
            named = dict(zip(self.columns, cells, strict=False))
            if error is None and len(cells) != width:
                what = f"{len(cells)} cells where the header has {width}"
                error = RowProblem(line, "", what, _advice_on_width(cells, width))
            elif error is None and tuple(cell.strip() for cell in cells) == self.columns:
                error = RowProblem(line, "", "the header stands here once more", "take the row out")
            yield RawRow(line, named, tuple(cells[width:]), () if error is None else (error,))


def _advice_on_width(cells: Sequence[str], width: int) -> str:
    """What most likely made a row wider or narrower than the header."""
    if breaks := sum(cell.count("\n") for cell in cells):
        return f"a double quote of it closes only {breaks} lines further down: close it sooner, or take it out"
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return f"take the commas at its end out (in a spreadsheet: delete the empty columns), or {_QUOTE_COMMAS}"
    return _QUOTE_COMMAS


class CsvWriter:
    """Rows of cells as CSV in UTF-8, into an open file."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self.write([columns])

    def write(self, rows: Iterable[Sequence[str | None]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode(errors="backslashreplace"))

    def close(self) -> None:
        """Everything is in the file already."""


def _csv_problem(line: int, error: csv.Error) -> RowProblem:
    if "new-line character" in str(error):
        remedy = (
            "end lines in LF or CR LF, as CSV UTF-8 does, and put a text that holds line breaks between double quotes"
        )
        return RowProblem(line, "", "a carriage return stands in the line without a line feed behind it", remedy)
    return RowProblem(line, "", f"no CSV: {error}", "check the double quotes from this line on")


class _Split(NamedTuple):
    line: int
    cells: list[str]
    error: RowProblem | None = None


class _BadLine(Exception):
    """A line of which no text can be made, or the one that makes its row too long."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what)


class _Lines:
    """The lines as text. `number` is the last one's; `begin_row` marks that the next line begins a row."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._row_bytes = 0
        self.number = 0
        self.position = len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0
        file.seek(self.position)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MOST_ROW_BYTES)
        if not line:
            raise StopIteration
        self.number += 1
        self.position += len(line)
        self._row_bytes += len(line)
        if self._row_bytes >= MOST_ROW_BYTES:
            self._skip_rest(line)
            raise _BadLine(f"the row is longer than {MOST_ROW_BYTES:,} bytes", "shorten it, or close its quotes")
        if b"\x00" in line:
            raise _BadLine("the row holds NUL bytes", "save the file as CSV UTF-8 again; it may be damaged")
        return self._text(line)

    def begin_row(self) -> None:
        self._row_bytes = 0

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._file.readline(MOST_ROW_BYTES)
            self.position += len(line)

    def _text(self, line: bytes) -> str:
        try:
            text = line.decode(self._encoding)
        except UnicodeDecodeError as error:
            what = f"not {_NAMES[self._encoding]} like the rest of the file (byte {error.start + 1} of the line)"
            raise _BadLine(what, "save the whole file as CSV UTF-8") from error
        if self._encoding == GB_18030 and utf8_in_gb18030(line):
            raise _BadLine("UTF-8, and the rest of the file is GB 18030", "save the whole file as CSV UTF-8")
        return text


def _split(lines: _Lines) -> Iterator[_Split]:
    """The rows with any cell filled, each with the line where it begins."""
    reader = csv.reader(lines, strict=True)
    while True:
        line = lines.number + 1
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Split(line, [], _csv_problem(line, error))
        except _BadLine as bad:
            yield _Split(line, [], RowProblem(line, "", bad.what, bad.remedy))
        else:
            if any(cell.strip() for cell in cells):
                yield _Split(line, cells)
