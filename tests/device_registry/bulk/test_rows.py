import csv
import io

import pytest
from hypothesis import given

from device_registry.bulk.columns import BASE, COLUMNS, RowProblem, header_errors
from device_registry.bulk.rows import Terms, guarded, read_row, write_cells
from device_registry.records.built_in_profiles import built_in_profiles
from device_registry.records.changes import same_attributes
from device_registry.records.entries import Datum, Details, DeviceEntry
from domain.devices import Device, Profile
from domain.topics import KINDS
from tests.device_registry.bulk.entries_strategy import entries
from tests.device_registry.samples import LAMP

PROFILES = {profile.name: profile for profile in built_in_profiles(KINDS)}
TERMS = Terms(PROFILES)


def _cells(**cells: str) -> dict[str, str]:
    row = {"device_id": "SL-1", "kind": "streetlight", **cells}
    return {column: row.get(column, "") for column in BASE} | cells


def _entry(terms: Terms = TERMS, **cells: str) -> DeviceEntry:
    read = read_row(1, _cells(**cells), terms)
    assert read.errors == []
    assert read.offer is not None
    return read.offer.entry


def _device(terms: Terms = TERMS, **cells: str) -> Device:
    return _entry(terms, **cells).device


def _errors(**cells: str) -> list[RowProblem]:
    return read_row(7, _cells(**cells), TERMS).errors


def _guarded(entry: DeviceEntry) -> dict[str, str]:
    return {column: guarded(column, cell) for column, cell in write_cells(entry).items()}


@given(entries())
def test_an_entry_survives_the_way_through_the_file(entry: DeviceEntry) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(_guarded(entry).values())
    cells = next(csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True))

    read = read_row(1, dict(zip(COLUMNS, cells, strict=True)), TERMS)

    assert read.errors == []
    assert read.offer is not None
    assert read.offer.entry == entry
    assert read.offer.keep == {"state"}
    assert same_attributes(read.offer.entry.device.attributes, entry.device.attributes)


@given(entries())
def test_no_written_cell_can_run_as_a_formula(entry: DeviceEntry) -> None:
    cells = _guarded(entry)

    for column in set(COLUMNS) - {"lon", "lat", "source_lon", "source_lat"}:
        assert not cells[column].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_empty_cells_mean_the_defaults_of_the_profile() -> None:
    profile = Profile("acme", "streetlight", report_interval_s=45, attributes={"nominal_power": 60})
    acme = Terms({**PROFILES, "acme": profile})

    assert _device(acme, profile="acme") == Device(
        "SL-1", "streetlight", "acme", report_interval_s=45, attributes={"nominal_power": 60}
    )
    given_own = _device(acme, profile="acme", report_interval_s="60", attributes='{"lantern": "LED"}')
    assert given_own == Device("SL-1", "streetlight", "acme", report_interval_s=60, attributes={"lantern": "LED"})
    assert _device() == Device("SL-1", "streetlight", "streetlight")


def test_defaults_are_not_shared_with_the_profile() -> None:
    profile = Profile("streetlight", "streetlight", attributes={"nominal_power": 60})
    device = _device(Terms({"streetlight": profile}))

    assert device.attributes is not profile.attributes


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("device_id", " ", "empty"),
        ("kind", "", "empty"),
        ("lon", "120,55", "no number"),
        ("lon", "nan", "no number"),
        ("lat", "inf", "no number"),
        ("lat", "1_0", "no number"),
        ("report_interval_s", "5m", "no number"),
        ("report_interval_s", "0.5", "no whole number"),
        ("attributes", "{nominal_power: 100}", "no JSON"),
        ("attributes", "[1, 2]", "no JSON object"),
        ("attributes", '{"a": NaN}', "no JSON"),
        ("name", "=cmd|' /C calc'!A0", "formula"),
        ("name", "@SUM(A1)", "formula"),
        ("department", "-2+3", "formula"),
        ("mn", "+A1", "formula"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_with_line_and_column(column: str, cell: str, expected: str) -> None:
    errors = _errors(**{column: cell})

    assert [(error.line, error.column) for error in errors] == [(7, column)]
    assert expected in errors[0].what
    assert errors[0].remedy
    assert str(errors[0]).startswith(f"line 7, column {column}: ")


def test_all_bad_cells_of_a_row_are_reported_at_once() -> None:
    assert {error.column for error in _errors(lon="east", attributes="{", name="=1")} == {"lon", "attributes", "name"}


@pytest.mark.parametrize("text", ["-", "-12", "+4.5", "'quoted'", "a=b"])
def test_texts_that_no_spreadsheet_runs_are_taken_as_they_are(text: str) -> None:
    assert _device(name=text).name == text


@pytest.mark.parametrize("text", ["=1+1", "@home", "-2+3", "'=1", "'"])
def test_a_format_that_no_spreadsheet_opens_needs_no_apostrophes(text: str) -> None:
    assert _device(Terms(PROFILES, guarded=False), name=text).name == text


def test_a_row_keeps_what_its_file_has_no_column_for() -> None:
    offer = read_row(1, _cells(tags="led, new,,led", owner=""), TERMS).offer

    assert offer is not None
    assert offer.entry.details == Details(tags=("led", "new"))
    assert offer.keep == {
        "state", "grid", "sparkplug", "maintainer", "component_scheme", "identities", "source_datum", "source_lon",
        "source_lat",
    }  # fmt: skip


def test_a_place_of_another_datum_is_converted_and_its_source_kept() -> None:
    device, details = _entry(lon="116.404", lat="39.915", datum="GCJ-02")

    assert (device.lon, device.lat) == pytest.approx((116.39775550, 39.91359572), abs=1e-4)
    assert (details.source_datum, details.source_lon, details.source_lat) == (Datum.GCJ02, 116.404, 39.915)


def test_the_datum_of_the_file_is_that_of_rows_without_one() -> None:
    of_file = Terms(PROFILES, Datum.CGCS2000)

    assert _entry(of_file, lon="116.4", lat="39.9").details == Details(
        source_datum=Datum.CGCS2000, source_lon=116.4, source_lat=39.9
    )
    assert _entry(of_file, lon="116.4", lat="39.9", datum="wgs84").details == Details()
    assert _entry(of_file).details == Details()


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"datum": "beijing54"}, "datum"),
        ({"source_datum": "mars"}, "source_datum"),
        ({"datum": "gcj02", "lon": "116", "lat": "39", "source_lon": "116", "source_lat": "39"}, "datum"),
        ({"identities": '{"imei": 1}'}, "identities"),
        ({"source_lon": "x"}, "source_lon"),
    ],
)
def test_a_cell_of_an_optional_column_is_checked_likewise(cells: dict[str, str], column: str) -> None:
    assert [error.column for error in _errors(**cells)] == [column]


def test_the_header_may_stand_in_any_order() -> None:
    assert list(header_errors(COLUMNS[::-1])) == []


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ([*COLUMNS, "colour"], [""]),
        (list(BASE[:-1]), [""]),
        ([*COLUMNS, "kind"], ["kind"]),
        (["Device_ID", *COLUMNS[1:]], ["", ""]),
        ([";".join(COLUMNS)], [""]),
        (["SL-1", "streetlight", "", "Lamp 1"], [""]),
    ],
)
def test_another_header_is_refused_by_its_column(header: list[str], columns: list[str]) -> None:
    assert [error.column for error in header_errors(header)] == columns


def test_a_number_is_written_so_that_it_is_read_exactly() -> None:
    assert write_cells(DeviceEntry(LAMP))["lon"] == "120.551"
