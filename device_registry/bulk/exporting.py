"""The registry out to a devices file, page by page."""

from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, Final, Protocol

from device_registry.bulk.columns import COLUMNS
from device_registry.bulk.formats.contract import Format
from device_registry.bulk.formats.csv_files import CsvWriter
from device_registry.bulk.formats.geojson_files import GeoJsonWriter
from device_registry.bulk.formats.xlsx_files import XlsxWriter
from device_registry.bulk.rows import guarded, write_cells
from device_registry.records.entries import DeviceEntry
from device_registry.storage.device_filter import EVERY_DEVICE, DeviceFilter
from device_registry.storage.registry import Registry
from domain.devices import DeviceState

_PAGE: Final = 1000


class FileWriter(Protocol):
    """A file being written. Nothing may be taken for whole before `close` has returned."""

    def write(self, rows: Iterable[Sequence[str | None]]) -> None: ...

    def close(self) -> None: ...


WRITERS: Final[dict[Format, Callable[[BinaryIO, Sequence[str]], FileWriter]]] = {
    Format.CSV: CsvWriter,
    Format.XLSX: XlsxWriter,
    Format.GEOJSON: GeoJsonWriter,
}


def export_file(
    registry: Registry,
    file: BinaryIO,
    to: Format = Format.CSV,
    wanted: DeviceFilter = EVERY_DEVICE,
    progress: Callable[[int], None] = lambda devices: None,
) -> int:
    """How many devices were written, ordered by id; importing the file changes nothing.

    Retired devices are left out: the file has no column for that.
    """
    writer = WRITERS[to](file, COLUMNS)
    written, after = 0, None
    while True:
        page = registry.list_entries(wanted, after=after, limit=_PAGE)
        entries = [
            DeviceEntry(one.device, one.details) for one in page.items if one.device.state is not DeviceState.RETIRED
        ]
        writer.write(_row(entry, to) for entry in entries)
        written += len(entries)
        progress(written)
        after = page.next
        if after is None:
            break
    writer.close()
    return written


def _row(entry: DeviceEntry, to: Format) -> list[str]:
    cells = write_cells(entry)
    return [guarded(column, cell) for column, cell in cells.items()] if to.guarded else list(cells.values())
