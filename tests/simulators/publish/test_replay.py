"""Recorded series: units, times, and every bad row named."""

from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from domain.time.durations import parse_instant_ms
from simulators.dialects.reports import Report
from simulators.publish.replay import ReplayedDevice, fetch_series, parse_column, read_series

MONITOR = ReplayedDevice("WM-1", "water_monitor", "320582/110/152/102")
FLOW = parse_column("Flow [l/s]=flow_rate:L/s")


def read(text: str, *columns: str, time_header: str = "Time") -> tuple[Report, ...]:
    wanted = [parse_column(column) for column in columns] or [FLOW]
    return read_series(text.splitlines(keepends=True), "series.csv", MONITOR, wanted, time_header)


def problems_of(text: str, *columns: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(text, *columns)
    return caught.value.problems


def test_units_are_converted_and_times_keep_their_instant() -> None:
    reports = read("Time,Flow [l/s]\n2022-03-27T01:00:00+01:00,100.59\n2022-03-27T03:00:00+02:00,24.26\n")
    assert [report.observed_at_ms for report in reports] == [
        parse_instant_ms("2022-03-27T00:00:00Z"),
        parse_instant_ms("2022-03-27T01:00:00Z"),
    ]
    assert [report.readings for report in reports] == [{"flow_rate": 362.124}, {"flow_rate": 87.336}]
    assert [(report.device_id, report.kind, report.area, report.seq) for report in reports] == [
        ("WM-1", "water_monitor", "320582/110/152/102", 0),
        ("WM-1", "water_monitor", "320582/110/152/102", 1),
    ]


def test_several_columns_make_one_report_and_an_empty_cell_is_no_reading() -> None:
    text = "at,T (F),door,level\n2026-01-01T00:00:00Z,50,TRUE,\n2026-01-01T00:01:00Z,,0,1.5\n2026-01-01T00:02:00Z,,,\n"
    reports = read(text, "T (F)=temperature:[degF]", "door=door_open", "level=water_level:m", time_header="at")
    assert [report.readings for report in reports] == [
        {"temperature": 10.0, "door_open": True},
        {"door_open": False, "water_level": 1.5},
    ]


def test_without_a_unit_the_values_are_canonical() -> None:
    (only,) = read("Time,f\n2026-01-01T00:00:00Z,7.25\n", "f=flow_rate")
    assert only.readings == {"flow_rate": 7.25}


def test_rows_are_put_in_the_order_of_their_times() -> None:
    reports = read("Time,Flow [l/s]\n2026-01-01T02:00:00+01:00,2\n2026-01-01T00:30:00Z,1\n2026-01-01T01:30:00Z,3\n")
    assert [report.readings["flow_rate"] for report in reports] == [3.6, 7.2, 10.8]
    assert [report.seq for report in reports] == [0, 1, 2]


def test_every_bad_row_is_named_with_its_line() -> None:
    text = (
        "Time,Flow [l/s]\n"
        "2026-01-01T00:00:00Z,1\n"
        "2026-01-01T01:00:00,2\n"
        "yesterday,3\n"
        ",4\n"
        "2026-01-01T02:00:00Z,wet\n"
        "2026-01-01T03:00:00Z,nan\n"
        "2026-01-01T04:00:00Z,inf\n"
        "2026-01-01T05:00:00Z\n"
        "2026-01-01T06:00:00Z,6,7\n"
        "2026-01-01T01:00:00+01:00,8\n"
    )
    problems = problems_of(text)
    assert [problem.split(": ")[0] for problem in problems] == [f"series.csv:{line}" for line in range(3, 12)]
    for problem, words in zip(
        problems,
        (
            "has no UTC offset",
            "yesterday",
            "no time",
            "'wet' is not a finite number",
            "'nan' is not a finite number",
            "'inf' is not a finite number",
            "number of cells",
            "number of cells",
            "2026-01-01T01:00:00+01:00 stands in line 2",
        ),
        strict=True,
    ):
        assert words in problem


def test_a_row_tells_all_its_bad_cells() -> None:
    (problem,) = problems_of("Time,a,b\n2026-01-01T00:00:00Z,x,maybe\n", "a=voltage", "b=door_open")
    assert "a 'x' is not a finite number" in problem
    assert "b 'maybe' is not true or false" in problem


def test_a_header_that_does_not_fit_is_named() -> None:
    assert problems_of("time,f\n", "f=flow_rate") == ("series.csv:1: no column 'Time'; the file has 'time', 'f'",)
    assert problems_of("", "f=flow_rate")[0].endswith("the file has no header")
    assert problems_of("Time,a,b\n", "a=voltage", "b=voltage") == ("series.csv:1: two columns are to be voltage",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("flow_rate", "write header=quantity"),
        ("=flow_rate", "write header=quantity"),
        ("Flow=", "write header=quantity"),
        ("Flow=flaw_rate", "'flaw_rate' is not in the catalogue"),
        ("Flow=flow_rate:kg", "'kg' cannot be converted to 'm3/h'"),
        ("Flow=flow_rate:a lot", "cannot be converted"),
    ],
)
def test_a_column_that_means_nothing_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        parse_column(text)


def test_a_header_may_hold_the_separators() -> None:
    column = parse_column("a=b: c=voltage:mV")
    assert (column.header, column.quantity.name, column.conversion(1500.0)) == ("a=b: c", "voltage", 1.5)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("\ufeffTime,Flow [l/s]\r\n2026-01-01T00:00:00Z,1\r\n", encoding="utf-8")
    assert [report.readings for report in fetch_series(path, MONITOR, [FLOW])] == [{"flow_rate": 3.6}]


def test_a_file_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("Time,Débit\n".encode("latin-1"))
    for name in ("absent.csv", "latin.csv"):
        with pytest.raises(ConfigurationError, match=f"{name}: cannot be read"):
            fetch_series(tmp_path / name, MONITOR, [FLOW])
