"""What an import does and leaves alone: previews, changes, refused rows, the source of a place."""

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from device_registry.bulk.columns import BASE
from device_registry.bulk.formats.contract import Format
from device_registry.bulk.refused import RefusedFile
from device_registry.records.entries import Datum, Details, DeviceEntry
from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from tests.device_registry.bulk.files import (
    CABINET_ROW,
    LAMP_ROW,
    csv_file,
    feature,
    geojson_file,
    ids,
    imported,
    kinds_of,
    where,
    xlsx_file,
)
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp
from tests.servers.processes import wait_until

BAD_ROW = {"device_id": "SL-2", "kind": "streetlight", "name": "=cmd", "lon": "east", "lat": "31"}
_MANY = 3000


class TestPreview:
    def test_it_reports_what_would_change_and_changes_nothing(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, DeviceEntry(LAMP, Details(tags=("old",)))], now_ms=NOW_MS)
        before = registry.list_entries(), registry.history()
        rows = [
            {"device_id": "CAB-1", "kind": "cabinet", "name": CABINET.name, "area": CABINET.area or "", "lon": "120.55",
             "lat": "31.87"},
            {**LAMP_ROW, "tags": "new"},
            {"device_id": "SL-3", "kind": "streetlight"},
            BAD_ROW,
        ]  # fmt: skip

        with imported(registry, csv_file(*rows, columns=(*BASE, "tags")), preview=True) as done:
            results = list(done.results())
            assert kinds_of(results) == [("unchanged", "CAB-1"), ("updated", "SL-1"), ("created", "SL-3")]
            changes: Mapping[str, object] = results[1].changes
            assert changes["tags"] == [["old"], ["new"]]
            assert changes["lon"] == [120.551, None]
            assert "owner" not in changes
            assert (done.created, done.updated, done.unchanged, done.refused_rows) == (1, 1, 1, 1)
            assert not done.applied
        assert (registry.list_entries(), registry.history()) == before


class TestAgain:
    def test_a_second_run_writes_no_version_no_note_and_nothing_to_publish(self, registry: Registry) -> None:
        data = csv_file(CABINET_ROW, LAMP_ROW)
        with imported(registry, data) as first:
            assert first.created == 2
        registry.mark_published(registry.pending(100))
        registry.mark_published(registry.pending(100))
        before = registry.list_entries(), len(registry.history())

        with imported(registry, data) as second:
            assert (second.unchanged, second.applied) == (2, True)
        assert (registry.list_entries(), len(registry.history())) == before
        assert registry.pending(100) == []

    def test_a_file_without_a_column_leaves_what_it_does_not_hold(self, registry: Registry) -> None:
        details = Details(owner="城投", tags=("led",), identities={"imei": "86"})
        suspended = lamp(1, parent_id=None, state=DeviceState.SUSPENDED, grid="320582110152102", sparkplug="g/e")
        registry.upsert_devices([DeviceEntry(suspended, details)], now_ms=NOW_MS)

        with imported(registry, csv_file({"device_id": "SL-1", "kind": "streetlight", "name": "renamed"})) as done:
            assert done.updated == 1

        entry = registry.get_entry("SL-1")
        assert entry is not None
        assert (entry.device.name, entry.details) == ("renamed", details)
        assert (entry.device.state, entry.device.grid) == (DeviceState.SUSPENDED, "320582110152102")


class TestDatum:
    def test_the_source_stays_until_the_place_is_another(self, registry: Registry) -> None:
        row = {"device_id": "CAB-1", "kind": "cabinet", "lon": "120.55", "lat": "31.87"}
        with imported(registry, csv_file(row), datum=Datum.GCJ02) as done:
            assert list(done.errors()) == []
        entry = registry.get_entry("CAB-1")
        assert entry is not None
        assert entry.details == Details(source_datum=Datum.GCJ02, source_lon=120.55, source_lat=31.87)
        assert entry.device.lon != 120.55

        here = {**row, "lon": repr(entry.device.lon), "lat": repr(entry.device.lat)}
        with imported(registry, csv_file(here)) as same:
            assert same.unchanged == 1
        with imported(registry, csv_file(row)) as moved:
            assert moved.updated == 1
        entry = registry.get_entry("CAB-1")
        assert entry is not None
        assert entry.details == Details()

    def test_a_row_may_name_its_own(self, registry: Registry) -> None:
        columns = (*BASE, "datum")
        rows = [{**CABINET_ROW, "datum": "bd-09"}, {**CABINET_ROW, "device_id": "CAB-2"}]

        with imported(registry, csv_file(*rows, columns=columns), datum=Datum.CGCS2000):
            pass
        found = [registry.get_entry(device_id) for device_id in ("CAB-1", "CAB-2")]
        assert [one and one.details.source_datum for one in found] == [Datum.BD09, Datum.CGCS2000]


class TestRefusedRows:
    @pytest.fixture
    def registry(self, quick_registry: Registry) -> Registry:
        return quick_registry

    @pytest.mark.parametrize("to", [Format.CSV, Format.XLSX, Format.GEOJSON])
    def test_they_come_as_they_were_to_be_corrected_and_fed_back(
        self, registry: Registry, tmp_path: Path, to: Format
    ) -> None:
        path = _refused(registry, csv_file(CABINET_ROW, BAD_ROW), tmp_path, Format.CSV, to)

        with imported(registry, path.read_bytes(), to) as again:
            assert where(again) == [({Format.GEOJSON: 1}.get(to, 2), "lon")]
        data = path.read_bytes()
        if to is Format.CSV:
            row = next(csv.DictReader(io.StringIO(data.decode())))
            assert (row["row"], row["name"], row["lon"]) == ("3", "'=cmd", "east")
            assert "lon: 'east' is no number" in row["error"]
            with imported(registry, data.replace(b"east", b"120.5")) as corrected:
                assert list(corrected.errors()) == []
            assert ids(registry) == ["SL-2"]

    def test_features_keep_their_geometry_and_what_they_do_not_hold(self, registry: Registry, tmp_path: Path) -> None:
        polygon = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
        data = geojson_file(feature(polygon, device_id="SL-2", kind="streetlight", attributes={"a": 1}))

        path = _refused(registry, data, tmp_path, Format.GEOJSON, Format.GEOJSON)

        written = Format.GEOJSON, path.read_bytes()
        assert b'"geometry":{"type":"Polygon"' in written[1]
        assert b"tags" not in written[1]
        with imported(registry, written[1], written[0]) as again:
            assert where(again) == [(1, "geometry")]

    def test_nothing_in_them_runs_in_a_spreadsheet(self, registry: Registry, tmp_path: Path) -> None:
        ragged = csv_file(BAD_ROW) + b"SL-4,streetlight,,+A1,,,,,,,,,,,=evil\n"

        path = _refused(registry, ragged, tmp_path, Format.CSV, Format.CSV)

        for row in csv.reader(io.StringIO(path.read_text())):
            assert not [cell for cell in row if cell.startswith(("=", "+", "@"))]

    def test_a_workbook_is_read_by_its_rows(self, registry: Registry) -> None:
        with imported(registry, xlsx_file(CABINET_ROW, BAD_ROW), Format.XLSX, skip_bad=True) as done:
            assert [(row.line, row.cells["device_id"]) for row in done.refused()] == [(3, "SL-2")]
            assert done.applied


def test_a_killed_import_leaves_nothing_and_the_next_does_all(database_url: str, tmp_path: Path) -> None:
    """Killed with -9 while it writes: the process prints each page, and is stopped after the second."""
    path = tmp_path / "many.csv"
    path.write_bytes(csv_file(*({"device_id": f"L-{number}", "kind": "streetlight"} for number in range(_MANY))))
    child = subprocess.Popen(
        [sys.executable, "-c", _IMPORT_AND_WAIT, database_url, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "writing 2000\n"
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.kill()
        child.wait()

    registry = Registry(database_url)
    assert registry.count_devices() == 0
    with imported(registry, path.read_bytes()) as done:
        assert done.created == _MANY
    wait_until(lambda: registry.count_devices() == _MANY, 5, "all devices are there")
    registry.close()


_IMPORT_AND_WAIT = """
import sys, time
from device_registry.bulk.importing import Options, import_file
from device_registry.storage.registry import Registry

def progress(stage, done, of):
    if (stage, done) == ("writing", 2000):
        print(stage, done, flush=True)
        time.sleep(60)

registry = Registry(sys.argv[1])
with open(sys.argv[2], "rb") as file:
    import_file(registry, file, Options(), now_ms=1, progress=progress)
"""


def _refused(registry: Registry, data: bytes, folder: Path, came_in: Format, to: Format) -> Path:
    path = folder / f"refused.{to.value}"
    with ExitStack() as stack, imported(registry, data, came_in) as done:
        file = RefusedFile(stack, path, to, came_in)
        file.columns = done.columns
        for row in done.refused():
            file.write(row)
    return path


def test_the_example_of_the_documentation_goes_in(registry: Registry) -> None:
    page = (Path(__file__).parents[3] / "docs" / "registry-import.md").read_text(encoding="utf-8")
    example = page.split("```csv\n")[1].split("```")[0]

    with imported(registry, example.encode()) as done:
        assert (list(done.errors()), done.created) == ([], 2)
    entry = registry.get_entry("CAB-1")
    assert entry is not None
    assert entry.details.source_datum is Datum.GCJ02
