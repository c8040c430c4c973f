"""Devices as the CSV that `urbansense devices import` reads, and areas as the JSON that `PUT /api/v1/areas` takes."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

import orjson

from domain.devices import Area, Device
from domain.identities import SCHEMES

COLUMNS: Final = (
    "device_id", "kind", "profile", "name", "area", "lon", "lat", "parent_id", "component_code", "department",
    "report_interval_s", *(scheme.column for scheme in SCHEMES if scheme.in_every_file), "attributes", "grid",
    *(scheme.column for scheme in SCHEMES if not scheme.in_every_file), "owner",
)  # fmt: skip
"""The columns of a devices file, in order; an empty cell means the profile's default."""

_OF_DEVICE: Final = COLUMNS[:-1]


def device_rows(devices: Iterable[Device], owners: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
    """One row a device, in the order given, every column present, `attributes` a JSON object with sorted keys.

    `owners` names who owns the devices of a department; the cell is empty for those it does not name.
    """
    owner_of = owners or {}
    for device in devices:
        cells = {column: getattr(device, column) for column in _OF_DEVICE}
        cells["attributes"] = orjson.dumps(device.attributes, option=orjson.OPT_SORT_KEYS).decode()
        cells["owner"] = owner_of.get(device.department or "")
        yield {column: "" if cell is None else str(cell) for column, cell in cells.items()}


def devices_csv(devices: Iterable[Device], owners: Mapping[str, str] | None = None) -> str:
    """A whole devices file with its header; lines end with LF."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(device_rows(devices, owners))
    return out.getvalue()


def areas_json(areas: Iterable[Area]) -> bytes:
    """The areas as one JSON array, in the order given."""
    return orjson.dumps([asdict(area) for area in areas])
