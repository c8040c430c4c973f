"""Files as they should not be: each is expected by its row, and nothing of it goes in unasked."""

import zipfile
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from device_registry.bulk.columns import BASE
from device_registry.bulk.formats.contract import Format
from device_registry.storage.registry import Registry
from tests.device_registry.bulk.files import (
    CABINET_ROW,
    LAMP_ROW,
    csv_file,
    feature,
    geojson_file,
    ids,
    imported,
    whats,
    where,
    xlsx_file,
)


@pytest.fixture
def registry(quick_registry: Registry) -> Registry:
    return quick_registry


HEADER = ",".join(BASE) + "\n"
LAMP = "SL-1,streetlight,,Lamp,,,,,,,,,,\n"
POINT = {"type": "Point", "coordinates": [120.55, 31.87]}
POLYGON = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_utf_8_and_gb_18030_are_found_out(self, registry: Registry, encoding: str) -> None:
        with imported(registry, csv_file(CABINET_ROW, LAMP_ROW, encoding=encoding)) as done:
            assert list(done.errors()) == []

        device = registry.get_device("SL-1")
        assert device is not None
        assert device.name == "路灯 1"

    @pytest.mark.parametrize(("most", "other"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
    def test_a_line_in_another_encoding_is_reported_and_the_others_read(
        self, registry: Registry, most: str, other: str
    ) -> None:
        lamps = [{**LAMP_ROW, "device_id": f"SL-{number}", "parent_id": ""} for number in range(4)]
        data = (
            csv_file(*lamps, encoding=most) + csv_file({**LAMP_ROW, "device_id": "X"}, encoding=other).splitlines()[1]
        )

        with imported(registry, data, skip_bad=True) as done:
            assert where(done) == [(6, "")]
            assert "the rest of the file" in whats(done)
        assert ids(registry) == ["SL-0", "SL-1", "SL-2", "SL-3"]


class TestCsv:
    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (b"SL-1,street\x00light,,,,,,,,,,,,", "NUL"),
            (b"SL-1,streetlight", "2 cells where the header has 14"),
            (b"SL-1,streetlight" + b"," * 13, "15 cells"),
            (",".join(BASE).encode(), "header stands here once more"),
            (b'SL-1,"street"light,,,,,,,,,,,,', "no CSV"),
            (b"SL-1,streetlight,," + b"x" * 10_000_000 + b",,,,,,,,,,", "longer than"),
            (b"x" * 10_000_000, "longer than"),
            (b'SL-1,"' + b"\n" * 200_000, "no CSV"),
        ],
    )
    def test_a_row_that_is_none_is_reported_and_the_rest_read(
        self, registry: Registry, line: bytes, expected: str
    ) -> None:
        data = csv_file(CABINET_ROW) + line + b"\n"

        with imported(registry, data, skip_bad=True) as done:
            assert [row for row, _ in where(done)] == [3]
            assert expected in whats(done)
        assert ids(registry) == ["CAB-1"]

    @pytest.mark.parametrize(
        ("columns", "expected"),
        [
            ((*BASE, "name"), "twice"),
            (BASE[1:], "missing: device_id"),
            ((*BASE, "colour"), "'colour' is not known"),
        ],
    )
    def test_a_wrong_header_refuses_the_file(self, registry: Registry, columns: tuple[str, ...], expected: str) -> None:
        with imported(registry, csv_file(CABINET_ROW, columns=columns), skip_bad=True) as done:
            assert expected in whats(done)
            assert not done.applied

    def test_a_file_without_a_header_is_named_as_such(self, registry: Registry) -> None:
        with imported(registry, csv_file(columns=["SL-1", "streetlight", ""]), skip_bad=True) as done:
            assert "the header is missing" in whats(done)

    @pytest.mark.parametrize(
        ("data", "line", "what", "remedy"),
        [
            (HEADER.encode("utf-16") + LAMP.encode("utf-16-le"), 1, "UTF-16", "CSV UTF-8"),
            ((HEADER + LAMP).encode("utf-16-le"), 1, "UTF-16", "CSV UTF-8"),
            (f"sep=,\n{HEADER}{LAMP}".encode(), 1, "'sep='", "take the line out"),
            (f"sep=;\n{HEADER}{LAMP}".replace(",", ";").encode(), 1, "'sep=;'", "separate the columns by commas"),
            ((HEADER + LAMP).replace(",", ";").encode(), 1, "separated by semicolons", "save it as CSV with commas"),
            ((HEADER + LAMP).replace(",", "\t").encode(), 1, "separated by tabs", "save it as CSV with commas"),
            ((HEADER + LAMP).replace("\n", "\r").encode(), 1, "a carriage return", "LF or CR LF"),
            (HEADER.replace("\n", ",,\n").encode(), 1, "no column at place 15, 16", "commas at the end"),
            (HEADER.replace("name", '"na\nme"').encode(), 1, "a line break in its name", "in one line"),
            ((HEADER + LAMP.replace("\n", ",,\n")).encode(), 2, "16 cells", "commas at its end"),
            ((HEADER + LAMP.replace("Lamp", "Lamp, old")).encode(), 2, "15 cells", "between double quotes"),
            ((HEADER + LAMP.replace("Lamp", '"Lamp') + LAMP[:17] + '"').encode(), 2, "4 cells", "1 lines"),
            ((HEADER + LAMP.replace("Lamp", '"La\nmp"')).encode(), 2, "line break", "in one line"),
        ],
    )
    def test_what_spreadsheets_make_of_csv_elsewhere_is_refused_with_the_remedy(
        self, registry: Registry, data: bytes, line: int, what: str, remedy: str
    ) -> None:
        with imported(registry, data, skip_bad=True) as done:
            found = [error for error in done.errors() if what in error.what]
        assert [(error.line, remedy in error.remedy) for error in found] == [(line, True)], list(done.errors())
        assert ids(registry) == []


class TestXlsx:
    def test_texts_and_numbers_are_taken(self, registry: Registry) -> None:
        lamp = {**LAMP_ROW, "lon": 120.5, "lat": 31.5, "report_interval_s": 300, "department": 7}

        with imported(registry, xlsx_file(CABINET_ROW, lamp), Format.XLSX) as done:
            assert list(done.errors()) == []
        device = registry.get_device("SL-1")
        assert device is not None
        assert (device.lon, device.lat, device.report_interval_s, device.department) == (120.5, 31.5, 300, "7")

    @pytest.mark.parametrize(
        ("cells", "column", "expected"),
        [
            ({"name": "=1+1"}, "name", "formula"),
            ({"lon": "=A1", "lat": 31}, "lon", "formula"),
            ({"name": date(2026, 6, 1)}, "name", "is a date"),
            ({"report_interval_s": date(2026, 6, 1)}, "report_interval_s", "is a date"),
            ({"mn": 3205820118000001}, "mn", "lost digits"),
            ({"name": 1.5}, "name", "lost digits"),
            ({"department": True}, "department", "true or false"),
            ({"lon": "east", "lat": 31}, "lon", "no number"),
        ],
    )
    def test_a_cell_that_is_no_text_is_reported_by_row_and_column(
        self, registry: Registry, cells: dict[str, object], column: str, expected: str
    ) -> None:
        data = xlsx_file(CABINET_ROW, {"device_id": "SL-1", "kind": "streetlight", **cells})

        with imported(registry, data, Format.XLSX, skip_bad=True) as done:
            assert where(done) == [(3, column)]
            assert expected in whats(done)
        assert ids(registry) == ["CAB-1"]

    def test_a_cell_covered_by_merged_ones_is_refused_and_keeps_what_a_known_device_has(
        self, registry: Registry
    ) -> None:
        lamps = [{**LAMP_ROW, "device_id": f"SL-{n}", "parent_id": "", "department": "lighting"} for n in range(5)]
        with imported(registry, xlsx_file(*lamps), Format.XLSX) as done:
            assert done.created == 5
        book = load_workbook(BytesIO(xlsx_file(*lamps)))
        book.active.merge_cells("J3:J5")
        book.active.merge_cells("D6:E6")
        merged = BytesIO()
        book.save(merged)

        with imported(registry, merged.getvalue(), Format.XLSX, skip_bad=True) as done:
            assert where(done) == [(4, "department"), (5, "department"), (6, "area")]
            assert "covered by the merged cells J3:J5" in whats(done)
        assert all(device.department == "lighting" for device in registry.list_devices(limit=9).items)

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"device_id,kind\n", xlsx_file()[:-200]])
    def test_what_is_no_workbook_is_refused(self, registry: Registry, data: bytes) -> None:
        with imported(registry, data, Format.XLSX, skip_bad=True) as done:
            assert "cannot be read" in whats(done)

    def test_a_text_of_many_megabytes_is_refused_by_its_row(self, registry: Registry) -> None:
        with zipfile.ZipFile(BytesIO(xlsx_file(CABINET_ROW, LAMP_ROW))) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        sheet = parts["xl/worksheets/sheet1.xml"]
        cut = sheet.rindex(b"</row>")
        cell = b'<c r="D3" t="inlineStr"><is><t>' + b"x" * 4_000_000 + b"</t></is></c>"
        parts["xl/worksheets/sheet1.xml"] = sheet[:cut] + cell + sheet[cut:]
        harmful = BytesIO()
        with zipfile.ZipFile(harmful, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)

        with imported(registry, harmful.getvalue(), Format.XLSX, skip_bad=True) as done:
            assert where(done) == [(3, "")]
            assert "longer than" in whats(done)


class TestGeoJson:
    def test_points_with_properties_are_taken(self, registry: Registry) -> None:
        cabinet = {**feature(POINT, kind="cabinet"), "id": "CAB-1"}
        lamp = feature(None, **LAMP_ROW, attributes={"nominal_power": 100}, tags=["new", "led"], report_interval_s=60)

        with imported(registry, geojson_file(cabinet, lamp), Format.GEOJSON) as done:
            assert list(done.errors()) == []
        cabinet_entry, lamp_entry = registry.get_entry("CAB-1"), registry.get_entry("SL-1")
        assert cabinet_entry is not None
        assert (cabinet_entry.device.lon, cabinet_entry.device.lat) == (120.55, 31.87)
        assert lamp_entry is not None
        assert (lamp_entry.device.attributes, lamp_entry.details.tags) == ({"nominal_power": 100}, ("led", "new"))

    @pytest.mark.parametrize(
        ("bad", "column", "expected"),
        [
            (feature(POLYGON, device_id="X", kind="cabinet"), "geometry", "is a Polygon"),
            (
                feature({"type": "Point", "coordinates": [1]}, device_id="X", kind="cabinet"),
                "geometry",
                "no [lon, lat]",
            ),
            (feature("here", device_id="X", kind="cabinet"), "geometry", "geometry is none"),
            (feature(POINT, device_id="X", kind="cabinet", colour="red"), "colour", "not known"),
            (feature(POINT, device_id="X", kind="cabinet", name=["a"]), "name", "not what belongs"),
            (feature(POINT, device_id="X", kind="cabinet", tags=["a,b"]), "tags", "comma"),
            (feature(POINT, device_id="X", kind="cabinet", name=True), "name", "true or false"),
            ({"type": "Lamp"}, "", "not a Feature"),
            (17, "", "not a Feature"),
        ],
    )
    def test_a_feature_that_is_no_device_is_named(
        self, registry: Registry, bad: object, column: str, expected: str
    ) -> None:
        data = geojson_file(feature(POINT, device_id="CAB-1", kind="cabinet"), bad)

        with imported(registry, data, Format.GEOJSON, skip_bad=True) as done:
            assert where(done) == [(2, column)]
            assert expected in whats(done)
        assert ids(registry) == ["CAB-1"]

    @pytest.mark.parametrize(
        ("data", "line", "expected"),
        [
            (b"", 1, "no JSON"),
            (b"[]", 1, "no FeatureCollection"),
            (b'{"type": "Feature"}', 1, "but a Feature"),
            (geojson_file(feature(POINT, device_id="A", kind="cabinet"), 1)[:-9], 1, "no JSON"),
            (geojson_file(1, feature(POINT, name="x" * 10_000_000)), 2, "longer than"),
        ],
    )
    def test_a_file_that_ends_or_is_something_else_is_refused_whole(
        self, registry: Registry, data: bytes, line: int, expected: str
    ) -> None:
        with imported(registry, data, Format.GEOJSON, skip_bad=True) as done:
            first = next(done.errors())
            assert first.line == line
            assert expected in first.what
            assert not done.applied
        assert ids(registry) == []
