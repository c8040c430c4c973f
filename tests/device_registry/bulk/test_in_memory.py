import csv
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from device_registry.bulk.columns import BASE, COLUMNS
from device_registry.bulk.in_memory import CsvImport, export_csv, import_csv
from device_registry.bulk.rows import guarded, write_cells
from device_registry.records.entries import DeviceEntry
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.devices import Device, DeviceState, Profile
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp


def _file(*rows: Device | dict[str, str] | str, columns: tuple[str, ...] = BASE) -> bytes:
    """A devices file of devices, of rows as named cells, and of raw lines."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        if isinstance(row, str):
            text.write(f"{row}\r\n")
            continue
        cells = _cells(row) if isinstance(row, Device) else row
        writer.writerow([cells.get(column, "") for column in columns])
    return text.getvalue().encode()


def _cells(device: Device) -> dict[str, str]:
    return {column: guarded(column, cell) for column, cell in write_cells(DeviceEntry(device)).items()}


def _import(registry: Registry, data: bytes, skip_bad: bool = False) -> CsvImport:
    return import_csv(registry, data, now_ms=NOW_MS, skip_bad=skip_bad)


def _where(report: CsvImport) -> list[tuple[int, str]]:
    return [(error.line, error.column) for error in report.errors]


class TestImport:
    def test_the_file_of_the_design_goes_in(self, registry: Registry) -> None:
        report = _import(registry, _file(LAMP, CABINET))

        assert (report.rows, report.applied, report.errors) == (2, True, ())
        assert report.changes.created == ("SL-1", "CAB-1")
        assert registry.get_device("SL-1") == replace(LAMP, activated_at_ms=NOW_MS)

    @pytest.mark.parametrize("mark", [b"", "\ufeff".encode()])
    def test_a_byte_order_mark_any_column_order_and_blank_rows_do_not_matter(
        self, registry: Registry, mark: bytes
    ) -> None:
        data = _file(CABINET, ",,,,,,,,,,,,,", "", LAMP, "", columns=BASE[::-1])

        report = _import(registry, mark + data)

        assert (report.rows, report.errors) == (2, ())
        assert registry.get_device("SL-1") == replace(LAMP, activated_at_ms=NOW_MS)

    def test_the_same_file_again_changes_nothing(self, registry: Registry) -> None:
        data = _file(CABINET, LAMP)
        _import(registry, data)

        report = import_csv(registry, data, now_ms=NOW_MS + 1)

        assert report.applied
        assert report.changes == ((), (), ("CAB-1", "SL-1"))
        assert registry.get_device("SL-1") == replace(LAMP, activated_at_ms=NOW_MS, version=1)

    def test_a_changed_row_is_an_update_of_that_device(self, registry: Registry) -> None:
        _import(registry, _file(CABINET, LAMP))

        report = _import(registry, _file(CABINET, replace(LAMP, lon=120.6)))

        assert report.changes == ((), ("SL-1",), ("CAB-1",))

    def test_a_suspended_device_stays_suspended(self, registry: Registry) -> None:
        registry.upsert_devices([replace(CABINET, state=DeviceState.SUSPENDED)], now_ms=NOW_MS)

        report = _import(registry, _file(replace(CABINET, name="renamed")))

        assert report.changes.updated == ("CAB-1",)
        assert registry.count_devices(DeviceFilter(state=DeviceState.SUSPENDED)) == 1

    def test_a_dry_run_reports_what_would_change(self, registry: Registry) -> None:
        report = import_csv(registry, _file(CABINET, LAMP), now_ms=NOW_MS, dry_run=True)

        assert (report.applied, report.changes.created) == (False, ("CAB-1", "SL-1"))
        assert registry.count_devices() == 0

    def test_a_file_with_no_rows_changes_nothing(self, registry: Registry) -> None:
        report = _import(registry, _file())

        assert (report.rows, report.applied, report.changes) == (0, True, ((), (), ()))


class TestBadRows:
    @pytest.fixture
    def registry(self, quick_registry: Registry) -> Registry:
        return quick_registry

    @pytest.mark.parametrize(
        ("cells", "column", "expected"),
        [
            ({"device_id": "a/b"}, "device_id", "no device id"),
            ({"device_id": ""}, "device_id", "empty"),
            ({"kind": "boat"}, "kind", "'boat' is not known"),
            ({"profile": "nobody"}, "profile", "'nobody' is not known"),
            ({"profile": "milesight-em310-tilt"}, "profile", "is for kind 'manhole_cover'"),
            ({"name": "=cmd|' /C calc'!A0"}, "name", "formula"),
            ({"area": "320582//1"}, "area", "no area path"),
            ({"lon": "200", "lat": "10"}, "lon", "not between -180 and 180"),
            ({"lon": "31.87", "lat": "120.55"}, "lat", "not between -90 and 90"),
            ({"lon": "120.55"}, "lat", "only one of lon and lat"),
            ({"lon": "east", "lat": "1"}, "lon", "no number"),
            ({"parent_id": "CAB-404"}, "parent_id", "neither in the registry"),
            ({"parent_id": "X-1"}, "parent_id", "its own parent"),
            ({"component_code": "1" * 33}, "component_code", "33 characters"),
            ({"report_interval_s": "0"}, "report_interval_s", "no report interval"),
            ({"report_interval_s": "often"}, "report_interval_s", "no number"),
            ({"dev_eui": "a840"}, "dev_eui", "no EUI"),
            ({"dev_eui": "00000000000000AA"}, "dev_eui", "belongs to 'SL-170'"),
            ({"mn": "1" * 25}, "mn", "25 characters"),
            ({"attributes": "{"}, "attributes", "no JSON"),
            ({"attributes": '{"a": {"b": 1}}'}, "attributes", "no plain value"),
        ],
    )
    def test_each_is_reported_by_line_and_column_and_keeps_all_out(
        self, registry: Registry, cells: dict[str, str], column: str, expected: str
    ) -> None:
        registry.upsert_devices([CABINET, lamp(170)], now_ms=NOW_MS)
        bad = {"device_id": "X-1", "kind": "streetlight", **cells}

        report = _import(registry, _file(LAMP, bad))

        # An unknown kind has no built-in profile either; all else is one error.
        assert {(3, column)} <= set(_where(report)) <= {(3, column), (3, "profile"), (3, "parent_id")}
        assert any(expected in error.what for error in report.errors)
        assert all(error.remedy for error in report.errors)
        assert (report.applied, report.changes) == (False, ((), (), ()))
        assert registry.get_device("SL-1") is None

    def test_the_good_rows_go_in_if_the_operator_asks_for_it(self, registry: Registry) -> None:
        report = _import(registry, _file(CABINET, replace(lamp(2), kind="boat"), LAMP), skip_bad=True)

        assert {line for line, _ in _where(report)} == {3}
        assert report.applied
        assert report.changes.created == ("CAB-1", "SL-1")
        assert registry.get_device("SL-2") is None

    def test_errors_of_every_row_are_reported_at_once_in_the_order_of_lines(self, registry: Registry) -> None:
        data = _file(
            replace(CABINET, report_interval_s=-1),
            {"device_id": "A", "kind": "streetlight", "lon": "x"},
            "one,two",
            {"device_id": "B", "kind": "streetlight", "parent_id": "nobody"},
        )

        assert _where(_import(registry, data)) == [(2, "report_interval_s"), (3, "lon"), (4, ""), (5, "parent_id")]

    def test_a_device_on_two_lines_is_wrong_on_both(self, registry: Registry) -> None:
        report = _import(registry, _file(CABINET, LAMP, replace(LAMP, name="other")), skip_bad=True)

        assert _where(report) == [(3, "device_id"), (4, "device_id")]
        assert "lines 3, 4" in report.errors[0].what
        assert report.changes.created == ("CAB-1",)

    def test_one_eui_on_two_rows_is_wrong_on_both(self, registry: Registry) -> None:
        report = _import(registry, _file(CABINET, LAMP, lamp(2, dev_eui=LAMP.dev_eui)))

        assert _where(report) == [(3, "dev_eui"), (4, "dev_eui")]

    def test_parents_that_lead_in_a_circle_are_all_reported(self, registry: Registry) -> None:
        one, two = replace(CABINET, parent_id="CAB-2"), replace(CABINET, device_id="CAB-2", parent_id="CAB-1")

        report = _import(registry, _file(one, two, LAMP))

        assert _where(report) == [(2, "parent_id"), (3, "parent_id")]

    def test_a_child_is_not_blamed_for_its_parents_row(self, registry: Registry) -> None:
        data = _file(replace(CABINET, lon=500.0), LAMP)

        assert _where(_import(registry, data)) == [(2, "lon")]

    def test_a_child_whose_parent_is_skipped_is_skipped_with_it(self, registry: Registry) -> None:
        grandchild = replace(lamp(2), parent_id="SL-1")

        report = _import(registry, _file(replace(CABINET, lon=500.0), LAMP, grandchild, lamp(3, parent_id=None)), True)

        assert _where(report) == [(2, "lon"), (3, "parent_id"), (4, "parent_id")]
        assert "'CAB-1' on line 2 has errors" in report.errors[1].what
        assert report.changes.created == ("SL-3",)

    def test_a_retired_device_is_not_brought_back_by_a_file(self, registry: Registry) -> None:
        registry.upsert_devices([replace(CABINET, state=DeviceState.RETIRED)], now_ms=NOW_MS)

        report = _import(registry, _file(CABINET))

        assert _where(report) == [(2, "device_id")]
        assert "retired" in report.errors[0].what

    def test_a_row_of_a_huge_cell_is_reported_and_the_next_one_read(self, registry: Registry) -> None:
        huge = {"device_id": "SL-9", "kind": "streetlight", "name": "x" * 10_000_000}

        report = _import(registry, _file(CABINET, huge, LAMP), skip_bad=True)

        assert [line for line, _ in _where(report)] == [3]
        assert report.changes.created == ("CAB-1", "SL-1")

    def test_a_line_break_inside_quotes_does_not_shift_the_lines(self, registry: Registry) -> None:
        first = {"device_id": "SL-9", "kind": "streetlight", "name": "two\nlines"}
        second = {"device_id": "SL-8", "kind": "boat", "profile": "streetlight"}

        assert _where(_import(registry, _file(first, second)))[:2] == [(2, "name"), (4, "kind")]


class TestBadFiles:
    @pytest.fixture
    def registry(self, quick_registry: Registry) -> Registry:
        return quick_registry

    @pytest.mark.parametrize(
        ("data", "line", "expected"),
        [
            (b"", 1, "missing"),
            (b"\n\n", 1, "missing"),
            (_file(CABINET).decode().encode("utf-16"), 1, "UTF-16"),
            (_file(CABINET).decode().encode("utf-32-be"), 1, "UTF-32"),
            (_file(CABINET).replace(b"device_id,", b"device_id,colour,"), 1, "not known"),
            (_file(CABINET).replace(b",", b";"), 1, "separated by semicolons"),
        ],
    )
    def test_a_file_that_is_no_devices_file_is_refused_whole(
        self, registry: Registry, data: bytes, line: int, expected: str
    ) -> None:
        report = _import(registry, data, skip_bad=True)

        assert (report.applied, report.changes) == (False, ((), (), ()))
        assert report.errors[0].line == line
        assert expected in report.errors[0].what
        assert registry.count_devices() == 0


class TestExport:
    def test_importing_an_export_changes_nothing(self, registry: Registry) -> None:
        registry.upsert_profiles(
            [Profile("acme", "streetlight", report_interval_s=45, attributes={"nominal_power": 60})], now_ms=NOW_MS
        )
        bare = replace(lamp(2), profile="acme", attributes={}, name="=1+1", department="'-x")
        registry.upsert_devices([CABINET, LAMP, bare], now_ms=NOW_MS)

        report = _import(registry, b"".join(export_csv(registry)))

        assert report.errors == ()
        assert report.changes == ((), (), ("CAB-1", "SL-1", "SL-2"))

    def test_retired_devices_and_those_not_asked_for_are_left_out(self, registry: Registry) -> None:
        gone = replace(lamp(2), state=DeviceState.RETIRED)
        registry.upsert_devices([CABINET, LAMP, gone], now_ms=NOW_MS)

        lines = b"".join(export_csv(registry, DeviceFilter(kind="streetlight"))).decode().splitlines()

        assert lines[0] == ",".join(COLUMNS)
        assert [line.split(",")[0] for line in lines[1:]] == ["SL-1"]

    def test_more_devices_than_a_page_are_all_there(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, *(lamp(number) for number in range(1500))], now_ms=NOW_MS)

        assert b"".join(export_csv(registry)).count(b"\n") == 1502


def test_two_imports_at_once_are_one_after_the_other(database_url: str) -> None:
    """Each file moves all lamps to a department of its own; the registry ends in one of the two, never in a mixture."""
    first, second = Registry(database_url), Registry(database_url)
    _import(first, _file(CABINET))
    files = [
        _file(*(lamp(number, department=department) for number in range(300))) for department in ("lighting", "power")
    ]

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(_import, [first, second], files))

    assert all(report.applied for report in reports)
    assert sorted(len(report.changes.created) for report in reports) == [0, 300]
    departments = {
        device.department for device in first.list_devices(DeviceFilter(kind="streetlight"), limit=300).items
    }
    assert len(departments) == 1
    first.close()
    second.close()


def test_the_example_of_the_documentation_goes_in(registry: Registry) -> None:
    page = (Path(__file__).parents[3] / "docs" / "registry.md").read_text(encoding="utf-8")
    example = page.split("```csv\n")[1].split("```")[0]

    report = _import(registry, example.encode())

    assert report.errors == ()
    assert report.changes.created == ("CAB-1", "SL-1")


_CELL = st.text(max_size=12) | st.sampled_from(
    ["SL-1", "CAB-1", "streetlight", "'=1", "=1", "'-a", "1e999", "-0", "{}", '{"a":1}', "\x00", "a\x00b", '"', "\n"]
)


@pytest.mark.parametrize("skip_bad", [False, True])
def test_no_content_of_cells_is_anything_but_a_device_or_an_error(quick_registry: Registry, skip_bad: bool) -> None:
    registry = quick_registry

    @settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
    @given(st.lists(st.fixed_dictionaries(dict.fromkeys(BASE, _CELL)), max_size=3))
    def every_row_is_taken_or_reported(rows: list[dict[str, str]]) -> None:
        report = import_csv(registry, _file(*rows), now_ms=NOW_MS, skip_bad=skip_bad)

        taken = sum(len(devices) for devices in report.changes)
        faulty = {error.line for error in report.errors}
        assert taken + len(faulty) >= report.rows if skip_bad else bool(faulty) or taken == report.rows

    every_row_is_taken_or_reported()


@pytest.mark.parametrize("bytes_", [b"\x00", b'"', b"\xef\xbb\xbf", b'device_id"x,', b"\r", b"\n,\n"])
def test_no_file_is_anything_but_refused_or_taken(quick_registry: Registry, bytes_: bytes) -> None:
    registry = quick_registry
    assert not import_csv(registry, bytes_, now_ms=NOW_MS).applied
    import_csv(registry, _file(CABINET) + bytes_, now_ms=NOW_MS)
