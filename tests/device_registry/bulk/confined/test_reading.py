"""Hostile files against the child that reads them, under an address space that nothing built of them would fit in."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from device_registry.bulk.columns import BASE, UnreadableFile
from device_registry.bulk.confined.limits import ReadingLimits
from device_registry.bulk.confined.reading import BoundMet, ConfinedReader
from device_registry.bulk.formats.contract import Format, RawRow
from tests.device_registry.bulk.confined.hostile import in_feature, part, repacked, sheet
from tests.device_registry.bulk.files import csv_file, feature, geojson_file, xlsx_file

SMALL = ReadingLimits(memory_bytes=320 * 1024 * 1024, cpu_s=60)
LAMP = {"device_id": "SL-1", "kind": "streetlight"}


def read(data: bytes, came_in: Format, limits: ReadingLimits = SMALL) -> list[RawRow]:
    with ConfinedReader(io.BytesIO(data), came_in, limits) as reader:
        return [row for page in reader.pages() for row in page]


@pytest.mark.parametrize(
    ("data", "came_in"),
    [
        (csv_file(LAMP), Format.CSV),
        (xlsx_file(LAMP), Format.XLSX),
        (geojson_file(feature(**LAMP)), Format.GEOJSON),
    ],
)
def test_the_rows_of_a_good_file_come_through(data: bytes, came_in: Format) -> None:
    (row,) = read(data, came_in)
    assert {name: cell for name, cell in row.cells.items() if cell} == LAMP


HOSTILE_WORKBOOKS: Final[dict[str, Callable[[], bytes]]] = {
    "styles.xml' of the workbook has more than 400,000 tags": lambda: part("xl/styles.xml", "<xf/>", 3_000_000),
    "workbook.xml' of the workbook is 21,000,011 bytes": lambda: part("xl/workbook.xml", "<definedName/>", 1_500_000),
    "Types].xml' of the workbook has more than": lambda: part("[Content_Types].xml", "<Override/>", 500_000),
    "sharedStrings.xml' of the workbook is 65,000,011": lambda: part("xl/sharedStrings.xml", "<si/>", 13_000_000),
    "sheet1.xml' of the workbook is 32,": lambda: sheet("<row>" + "<c/>" * 8_000_000 + "</row>"),
    "a row beyond 1,048,576": lambda: sheet('<row r="999999999999"><c><v>1</v></c></row>'),
    "a document type": lambda: sheet("", before='<!DOCTYPE worksheet [<!ENTITY a "b">]>'),
    "the workbook has 3,009 parts": lambda: repacked({f"part{i}": b"x" for i in range(3000)}),
    "the part 'xl/Styles.xml' twice": lambda: repacked({"xl/Styles.xml": b"<a/>"}),
    "packed in a way that no spreadsheet uses": lambda: repacked({}, zipfile.ZIP_LZMA),
    "the workbook cannot be read": lambda: repacked({"xl/styles.xml": b"<a>" * 5000}),
}
"""By what their refusals say."""


@pytest.mark.parametrize("why", HOSTILE_WORKBOOKS)
def test_a_workbook_that_is_small_and_unpacks_huge_is_refused_before_it_is_parsed(why: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(HOSTILE_WORKBOOKS[why](), Format.XLSX)
    assert why in str(refused.value)
    assert not isinstance(refused.value, BoundMet)


def test_a_file_that_would_fill_the_memory_ends_its_reader_alone() -> None:
    with pytest.raises(BoundMet, match="more than 320 MiB of memory") as met:
        read(in_feature(f'"attributes": {"[" * 400_000}{"]" * 400_000}'), Format.GEOJSON)
    assert met.value.bound == "memory"


def test_a_file_that_would_take_for_ever_ends_its_reader_alone() -> None:
    rows = '<row><c r="ZZZ1"><v>1</v></c></row>' * 60_000  # each row is 18,278 cells wide
    with pytest.raises(BoundMet, match="more than 2 s of a processor") as met:
        read(sheet(rows), Format.XLSX, ReadingLimits(cpu_s=2))
    assert met.value.bound == "time"


def test_a_reader_that_gives_no_row_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "device_registry.bulk.confined.reading._LOOK_EVERY_S", 0.001
    )  # no reader starts in so short a time
    with pytest.raises(BoundMet, match=r"within 0\.01 s") as met:
        read(xlsx_file(LAMP), Format.XLSX, ReadingLimits(silent_s=0.01))
    assert met.value.bound == "silence"


def test_nothing_of_the_reader_is_left_when_nobody_waits_for_the_file_any_more() -> None:
    def give_up(position: int) -> None:
        raise TimeoutError

    data, before = sheet('<row><c r="ZZZ1"><v>1</v></c></row>' * 20_000), set(_children())
    with pytest.raises(TimeoutError):
        ConfinedReader(io.BytesIO(data), Format.XLSX, ReadingLimits(), give_up)
    assert set(_children()) <= before


@pytest.mark.parametrize("name", ["attributes", "tags"])
def test_a_property_that_nothing_can_write_down_costs_its_row(name: str) -> None:
    (row,) = read(in_feature(f'"{name}": {"[" * 2000}{"]" * 2000}'), Format.GEOJSON)
    assert [error.column for error in row.errors] == [name]


def test_a_number_of_four_hundred_digits_costs_the_file_and_no_traceback() -> None:
    with pytest.raises(UnreadableFile, match="no JSON"):
        read(in_feature(f'"grid": {"9" * 400}'), Format.GEOJSON)


def test_a_geometry_nested_too_deep_costs_its_row() -> None:
    data = geojson_file(feature(geometry={"type": "LineString", "coordinates": "here"}, **LAMP))
    (row,) = read(data.replace(b'"here"', b"[" * 2000 + b"]" * 2000), Format.GEOJSON)
    assert row.errors[0].what == "its geometry is a LineString"


def test_rows_as_long_as_a_row_may_be_come_a_few_at_a_time() -> None:
    data = csv_file() + b"".join(b"x" + b"," * 900_000 + b"\n" for _ in range(20))
    with ConfinedReader(io.BytesIO(data), Format.CSV, SMALL) as reader:
        pages = list(reader.pages())
    assert sum(map(len, pages)) == 20
    assert max(len(row.extra) for page in pages for row in page) == 1000
    assert pages[0][0].errors[0].what == f"900001 cells where the header has {len(BASE)}"


def test_a_row_with_thousands_of_errors_names_some_and_counts_the_rest() -> None:
    (row,) = read(in_feature(", ".join(f'"k{i}": 1' for i in range(5000))), Format.GEOJSON)
    assert len(row.errors) == 51
    assert row.errors[-1].what == "4950 more errors of this row"


def _children() -> list[str]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]
