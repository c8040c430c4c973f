import csv
import io

import pytest
from hypothesis import given

from device_registry.built_in import built_in_profiles
from device_registry.changes import same_attributes
from device_registry.csv_rows import COLUMNS, RowError, header_errors, read_row, write_row
from domain.devices import Device, Profile
from domain.topics import KINDS
from tests.device_registry.devices_strategy import devices
from tests.device_registry.samples import LAMP

PROFILES = {profile.name: profile for profile in built_in_profiles(KINDS)}


def _cells(**cells: str) -> dict[str, str]:
    row = {"device_id": "SL-1", "kind": "streetlight", **cells}
    return {column: row.get(column, "") for column in COLUMNS}


def _errors(**cells: str) -> list[RowError]:
    row = read_row(7, _cells(**cells), PROFILES)
    assert isinstance(row, list)
    return row


@given(devices())
def test_a_device_survives_the_way_through_the_file(device: Device) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(write_row(device))
    cells = next(csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True))

    read = read_row(1, dict(zip(COLUMNS, cells, strict=True)), PROFILES)

    assert read == device
    assert isinstance(read, Device)
    assert same_attributes(read.attributes, device.attributes)


@given(devices())
def test_no_written_cell_can_run_as_a_formula(device: Device) -> None:
    cells = dict(zip(COLUMNS, write_row(device), strict=True))

    for column in set(COLUMNS) - {"lon", "lat"}:
        assert not cells[column].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_empty_cells_mean_the_defaults_of_the_profile() -> None:
    profile = Profile("acme", "streetlight", report_interval_s=45, attributes={"nominal_power": 60})
    profiles = {**PROFILES, "acme": profile}

    assert read_row(1, _cells(profile="acme"), profiles) == Device(
        "SL-1", "streetlight", "acme", report_interval_s=45, attributes={"nominal_power": 60}
    )
    given_own = read_row(1, _cells(profile="acme", report_interval_s="60", attributes='{"lantern": "LED"}'), profiles)
    assert given_own == Device("SL-1", "streetlight", "acme", report_interval_s=60, attributes={"lantern": "LED"})
    assert read_row(1, _cells(), PROFILES) == Device("SL-1", "streetlight", "streetlight")


def test_defaults_are_not_shared_with_the_profile() -> None:
    profile = Profile("streetlight", "streetlight", attributes={"nominal_power": 60})
    device = read_row(1, _cells(), {"streetlight": profile})

    assert isinstance(device, Device)
    assert device.attributes is not profile.attributes


@pytest.mark.parametrize(
    ("column", "cell", "told"),
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
def test_a_cell_that_cannot_be_read_is_named_with_line_and_column(column: str, cell: str, told: str) -> None:
    errors = _errors(**{column: cell})

    assert [(error.line, error.column) for error in errors] == [(7, column)]
    assert told in errors[0].what
    assert errors[0].remedy
    assert str(errors[0]).startswith(f"line 7, column {column}: ")


def test_all_bad_cells_of_a_row_are_told_at_once() -> None:
    assert {error.column for error in _errors(lon="east", attributes="{", name="=1")} == {"lon", "attributes", "name"}


@pytest.mark.parametrize("text", ["-", "-12", "+4.5", "'quoted'", "a=b"])
def test_texts_that_no_spreadsheet_runs_are_taken_as_they_are(text: str) -> None:
    device = read_row(1, _cells(name=text), PROFILES)

    assert isinstance(device, Device)
    assert device.name == text


def test_the_header_may_stand_in_any_order() -> None:
    assert list(header_errors(COLUMNS[::-1])) == []


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ([*COLUMNS, "colour"], ["colour"]),
        (list(COLUMNS[:-1]), [""]),
        ([*COLUMNS, "kind"], ["kind"]),
        (["Device_ID", *COLUMNS[1:]], ["", "Device_ID"]),
        ([";".join(COLUMNS)], [""]),
    ],
)
def test_another_header_is_refused_by_its_column(header: list[str], columns: list[str]) -> None:
    assert [error.column for error in header_errors(header)] == columns


def test_a_number_is_written_so_that_it_is_read_exactly() -> None:
    assert dict(zip(COLUMNS, write_row(LAMP), strict=True))["lon"] == "120.551"
