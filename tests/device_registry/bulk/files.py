"""Devices files of each format, made by hand for tests."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from openpyxl import Workbook

from device_registry.bulk.columns import BASE
from device_registry.bulk.formats.contract import Format
from device_registry.bulk.importing import Import, Options, import_file
from device_registry.storage.registry import Registry
from tests.device_registry.samples import NOW_MS

CABINET_ROW = {"device_id": "CAB-1", "kind": "cabinet", "lon": "120.55", "lat": "31.87"}
LAMP_ROW = {"device_id": "SL-1", "kind": "streetlight", "name": "路灯 1", "parent_id": "CAB-1"}


def csv_file(*rows: Mapping[str, str], columns: Sequence[str] = BASE, encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([columns, *([row.get(column, "") for column in columns] for row in rows)])
    return text.getvalue().encode(encoding)


def xlsx_file(*rows: Mapping[str, Any], columns: Sequence[str] = BASE) -> bytes:
    book = Workbook()
    sheet = book.active
    for row in [columns, *([row.get(column) for column in columns] for row in rows)]:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def geojson_file(*features: Any) -> bytes:
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def imported(registry: Registry, data: bytes, came_in: Format = Format.CSV, **options: Any) -> Import:
    return import_file(registry, io.BytesIO(data), Options(came_in, **options), now_ms=NOW_MS)


def where(done: Import) -> list[tuple[int, str]]:
    return [(error.line, error.column) for error in done.errors()]


def whats(done: Import) -> str:
    return "\n".join(error.what for error in done.errors())


def ids(registry: Registry) -> list[str]:
    return [device.device_id for device in registry.list_devices(limit=1000).items]


def kinds_of(results: Iterable[Any]) -> list[tuple[str, str]]:
    return [(one.result, one.device_id) for one in results]
