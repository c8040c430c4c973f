"""Which devices are asked for, and the page that answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from device_registry.records.geometry import Circle, Polygons
from domain.devices import Device, DeviceState


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    """Which devices: those that match every field given, by device id. `area` matches itself and everything below it.

    `text` is looked for, case ignored, in the id and the name. `cursor` is what the last page returned.
    """

    kind: str | None = None
    area: str | None = None
    department: str | None = None
    state: DeviceState | None = None
    text: str | None = None
    limit: int = 100
    cursor: str | None = None
    profile: str | None = None
    parent_id: str | None = None
    grid: str | None = None
    tag: str | None = None
    place: Circle | Polygons | None = None


@dataclass(frozen=True, slots=True)
class DevicePage:
    """One page of devices. `total` counts all that match, on every page."""

    items: Sequence[Device]
    next: str | None
    total: int
