"""Devices as the CSV that `urbansense devices import` reads."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from domain.devices import Device

COLUMNS: Final = (
    "device_id", "kind", "profile", "name", "area", "lon", "lat", "parent_id", "component_code", "department",
    "report_interval_s", "dev_eui", "mn", "attributes",
)  # fmt: skip
"""The columns of a devices file, in order; an empty cell means the profile's default."""


def device_rows(devices: Iterable[Device]) -> Iterator[dict[str, str]]:
    """One row a device, in the order given, every column present, `attributes` a JSON object with sorted keys."""
    for device in devices:
        cells = {column: getattr(device, column) for column in COLUMNS}
        cells["attributes"] = orjson.dumps(device.attributes, option=orjson.OPT_SORT_KEYS).decode()
        yield {column: "" if cell is None else str(cell) for column, cell in cells.items()}


def devices_csv(devices: Iterable[Device]) -> str:
    """A whole devices file with its header; lines end with LF."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(device_rows(devices))
    return out.getvalue()
