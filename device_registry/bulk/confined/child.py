"""The process that reads one devices file: `python -m device_registry.bulk.confined.child FORMAT MEMORY_BYTES CPU_S`.

The file is its standard input, `frames` its standard output; it opens nothing else. What a stranger's file makes of a
parser ends here: without memory or time left this process dies, and nothing but this.
"""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import BinaryIO, Final

from device_registry.bulk.columns import RowProblem, UnreadableFile
from device_registry.bulk.confined.frames import OUT_OF_MEMORY, Frame, write_frame
from device_registry.bulk.formats.contract import FileReader, Format, RawRow

_MOST_ROWS: Final = 200
_MOST_CHARACTERS: Final = 256 * 1024
_MOST_ERRORS: Final = 50
_MOST_EXTRA: Final = 1000
_READERS: Final = {
    Format.CSV: ("csv_files", "CsvReader"),
    Format.XLSX: ("xlsx_files", "XlsxReader"),
    Format.GEOJSON: ("geojson_files", "GeoJsonReader"),
}


def read_into_frames(file: BinaryIO, reader_of: Callable[[BinaryIO], FileReader], to: BinaryIO) -> None:
    """Write the frames of one file. Raises: MemoryError."""
    try:
        reader = reader_of(file)
        write_frame(to, Frame(reader.position, columns=reader.columns))
        for rows in _pages(reader):
            write_frame(to, Frame(reader.position, rows=rows))
        write_frame(to, Frame(reader.position, is_end=True))
    except UnreadableFile as error:
        write_frame(to, Frame(0, unreadable=error.errors))


def _pages(reader: FileReader) -> Iterator[tuple[RawRow, ...]]:
    """Rows by the size of their texts as well as by their number: one row may be as long as a thousand."""
    page: list[RawRow] = []
    characters = 0
    for row in reader:
        page.append(_shortened(row))
        characters += sum(map(len, row.cells.values())) + sum(map(len, row.extra)) + 16 * len(row.extra)
        if len(page) >= _MOST_ROWS or characters >= _MOST_CHARACTERS:
            yield tuple(page)
            page, characters = [], 0
    if page:
        yield tuple(page)


def _shortened(row: RawRow) -> RawRow:
    """The row with as many errors, and cells under no column, as somebody may want to read."""
    row = row._replace(extra=row.extra[:_MOST_EXTRA])
    hidden = len(row.errors) - _MOST_ERRORS
    if hidden <= 0:
        return row
    more = RowProblem(row.line, "", f"{hidden} more errors of this row", "correct those first")
    return row._replace(errors=(*row.errors[:_MOST_ERRORS], more))


def _reader_of(came_in: Format) -> Callable[[BinaryIO], FileReader]:
    """Only what this file needs is loaded: the parser of workbooks takes half a second."""
    module, name = _READERS[came_in]
    found: Callable[[BinaryIO], FileReader] = getattr(import_module(f"device_registry.bulk.formats.{module}"), name)
    return found


def _confine(memory_bytes: int, cpu_s: int) -> None:
    """Bounds of this process that it cannot lift again, and no file of its own. Where a system has none, it has none."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        _, hardest = resource.getrlimit(kind)
        wanted = most if hardest == resource.RLIM_INFINITY else min(most, hardest)
        try:
            resource.setrlimit(kind, (wanted, wanted))
        except (ValueError, OSError):
            continue


def _main(came_in: str, memory_bytes: str, cpu_s: str) -> None:
    reader_of = _reader_of(Format(came_in))
    _confine(int(memory_bytes), int(cpu_s))
    try:
        read_into_frames(os.fdopen(0, "rb"), reader_of, os.fdopen(1, "wb"))
    except (MemoryError, BrokenPipeError) as error:
        os._exit(OUT_OF_MEMORY if isinstance(error, MemoryError) else 0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
