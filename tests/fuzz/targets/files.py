"""Devices files (CSV, XLSX, GeoJSON), photos, the gateway's own copy of the registry.

A file that cannot be read is refused whole by UnreadableFile, a row that cannot by its number; rows stay bounded.
"""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from cases.attachments.dimensions import pixels_of
from cases.attachments.formats import HEAD_BYTES, recognise, safe_name
from device_registry.bulk.columns import COLUMNS, UnreadableFile
from device_registry.bulk.formats.contract import FileReader
from device_registry.bulk.formats.csv_files import CsvReader, CsvWriter
from device_registry.bulk.formats.geojson_files import GeoJsonReader, GeoJsonWriter
from device_registry.bulk.formats.xlsx_files import XlsxReader
from device_registry.bulk.rows import Terms, read_row, write_cells
from device_registry.lookup.snapshot import read_snapshot, write_snapshot
from device_registry.records.encoding import device_from_record, profile_from_record
from domain.devices import Device, Profile
from tests.fuzz.target import Shape, Target

_FOLDER: Final = Path(tempfile.mkdtemp(prefix="urbansense-fuzz-"))
_ROWS: Final = [
    {"device_id": "SL-1", "kind": "streetlight", "name": "路灯 1", "lon": "120.55", "lat": "31.87", "area": "320582/110",
     "attributes": '{"nominal_power": 100}', "report_interval_s": "60", "tags": "a,b"},
    {"device_id": "GW-1", "kind": "gateway", "profile": "gateway", "lon": "120.5", "identities": '{"i":"8"}'},
]  # fmt: skip


def _rows(open_reader: Callable[[BinaryIO], FileReader], guarded: bool = True) -> Callable[[bytes], None]:
    """Every row is read, and what it offers can be written and read again."""

    def check(data: bytes) -> None:
        try:
            for row in open_reader(io.BytesIO(data)):
                offer = read_row(row.line, row.cells, Terms({}, guarded=guarded)).offer
                if offer is not None:
                    assert set(write_cells(offer.entry)) == set(COLUMNS)
        except UnreadableFile:
            pass  # as declared

    return check


def _written(writer: Callable[[BinaryIO, tuple[str, ...]], Any]) -> bytes:
    sink = io.BytesIO()
    made = writer(sink, COLUMNS)
    made.write([[row.get(column, "") or None for column in COLUMNS] for row in _ROWS])
    made.close()
    return sink.getvalue()


def _photo(data: bytes) -> None:
    photo = recognise(data[:HEAD_BYTES])
    if photo is not None:
        assert pixels_of(io.BytesIO(data), photo) >= 0
        name = safe_name(data[HEAD_BYTES:].decode(errors="surrogateescape"), photo)
        assert 1 <= len(name) <= 120
        name.encode()
        assert not {"/", "\\"} & set(name)


def _photo_seeds() -> list[bytes]:
    jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x08\x08\0\x10\0\x20\xff\xd9" + "路 灯.jpg".encode()
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20a/../b"
    webp = [b"RIFF0000WEBP" + kind + bytes(range(16)) for kind in (b"VP8 ", b"VP8L", b"VP8X")]
    return [jpeg, png, *webp]


def _snapshot(data: bytes) -> None:
    """A copy that is not whole or of another log is none; a line of it that is no device is a ValueError, TypeError."""
    path = _FOLDER / "registry.jsonl"
    path.write_bytes(data)
    snapshot = read_snapshot(path, "here")
    if snapshot is None:
        return
    try:
        for profile in snapshot.profiles:
            profile_from_record(profile)
        for device in snapshot.devices:
            device_from_record(device)
    except (ValueError, TypeError, KeyError):
        return


def _snapshot_seed() -> list[bytes]:
    path = _FOLDER / "seed.jsonl"
    devices = [Device("SL-1", "streetlight", "streetlight", area="a"), Device("GW-1", "gateway", "gateway")]
    write_snapshot(path, "here", 5, {0: 1, 1: 7}, [Profile("streetlight", "streetlight")], devices)
    return [path.read_bytes()]


_CSV: Final = _written(CsvWriter)
_WORKBOOK: Final = Path(__file__).parents[1] / "corpus" / "devices-xlsx" / "workbook"

TARGETS: Final = (
    Target("devices-csv", _rows(CsvReader), lambda: [_CSV, _CSV.decode().encode("gb18030"), b"\xef\xbb\xbf" + _CSV]),
    Target("devices-xlsx", _rows(XlsxReader), lambda: [_WORKBOOK.read_bytes()], Shape.ZIP, most_bytes=65_536),
    Target("devices-geojson", _rows(GeoJsonReader, guarded=False), lambda: [_written(GeoJsonWriter)], Shape.JSON),
    Target("photo", _photo, _photo_seeds),
    Target("snapshot", _snapshot, _snapshot_seed),
)
