"""How many devices there are of what: the fleet in a few numbers, counted by the database."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from device_registry.storage.device_filter import DeviceFilter, narrowed
from device_registry.storage.tables import devices


@dataclass(frozen=True, slots=True)
class DeviceCounts:
    """Devices counted, each dictionary by its value, the most first; devices without a value stand under "".

    `located` have a location. A place of the filter counts by the box around it.
    """

    devices: int
    located: int
    by_state: dict[str, int]
    by_kind: dict[str, int]
    by_profile: dict[str, int]
    by_department: dict[str, int]
    by_area: dict[str, int]


_NAMES: Final = ("state", "kind", "profile", "department", "area")


def read_device_counts(connection: Connection, wanted: DeviceFilter) -> DeviceCounts:
    """The devices of the filter, counted. `by_area` is by the areas one level below the filter's, or by the top ones."""
    statement = narrowed(select(func.count(), func.count(devices.c.lon)).select_from(devices), wanted)
    total, located = connection.execute(statement).one()
    counts = {f"by_{name}": _count_by(connection, devices.c[name], wanted) for name in _NAMES}
    depth = wanted.area.count("/") + 2 if wanted.area else 1
    counts["by_area"] = _cut(counts["by_area"], depth)
    return DeviceCounts(devices=total, located=located, **counts)


def _cut(by_path: dict[str, int], depth: int) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for path, count in by_path.items():
        sums["/".join(path.split("/")[:depth])] += count
    return dict(sums.most_common())


def _count_by(connection: Connection, column: ColumnElement[Any], wanted: DeviceFilter) -> dict[str, int]:
    statement = narrowed(select(column, func.count()).select_from(devices), wanted).group_by(column)
    rows = sorted(connection.execute(statement), key=lambda row: (-row[1], row[0] or ""))
    return {value or "": count for value, count in rows}
