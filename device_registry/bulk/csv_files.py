"""CSV in and out: UTF-8 with or without a byte order mark, or GB 18030, found out by looking.

bytes ──▶ lines of at most MOST_ROW_BYTES ──text──▶ csv ──▶ rows of cells
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from device_registry.bulk.columns import RowError, UnreadableFile, checked_header
from device_registry.bulk.encodings import GB_18030, find_encoding, utf8_in_gb18030
from device_registry.bulk.formats import MOST_ROW_BYTES, RawRow

_MARK: Final = b"\xef\xbb\xbf"


class CsvReader:
    """`formats.FileReader` of a file that can be sought."""

    def __init__(self, file: BinaryIO) -> None:
        self._lines = _Lines(file, find_encoding(file))
        self._rows = _split(self._lines)
        header = next(self._rows, RawSplit(1, [], None))
        if header.error is not None:
            raise UnreadableFile(header.error)
        self.columns = checked_header(header.line, header.cells)

    @property
    def position(self) -> int:
        return self._lines.position

    def __iter__(self) -> Iterator[RawRow]:
        for line, cells, error in self._rows:
            named = dict(zip(self.columns, cells, strict=False))
            if error is not None:
                yield RawRow(line, named, (), (error,))
            elif len(cells) != len(self.columns):
                what = f"{len(cells)} cells where the header has {len(self.columns)}"
                remedy = 'put a text that holds commas between double quotes: "a, b"'
                yield RawRow(line, named, tuple(cells[len(self.columns) :]), (RowError(line, "", what, remedy),))
            elif tuple(cell.strip() for cell in cells) == self.columns:
                error = RowError(line, "", "the header stands here once more", "take the row out")
                yield RawRow(line, named, (), (error,))
            else:
                yield RawRow(line, named)


class CsvWriter:
    """Rows of cells as CSV into an open file."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self.write([columns])

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode(errors="backslashreplace"))

    def close(self) -> None:
        """Everything is in the file already."""


class RawSplit(tuple[int, list[str], RowError | None]):
    """(line, cells, error) of one row."""

    def __new__(cls, line: int, cells: list[str], error: RowError | None) -> "RawSplit":
        return super().__new__(cls, (line, cells, error))

    @property
    def line(self) -> int:
        return self[0]

    @property
    def cells(self) -> list[str]:
        return self[1]

    @property
    def error(self) -> RowError | None:
        return self[2]
