"""Which devices to list: the filter, and its conditions in SQL."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, Text, or_, type_coerce

from device_registry.records.geometry import Circle, Polygons
from device_registry.storage.tables import devices
from domain.devices import Device, DeviceState
from domain.identities import SCHEMES

Selection = TypeVar("Selection", bound=Select[*tuple[Any, ...]])
_SEARCHED: Final = (
    "device_id", "name", "component_code", *(scheme.column for scheme in SCHEMES if scheme.is_searched),
)  # fmt: skip
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """Which devices to list; what is None does not narrow. `area` takes the area and everything below it.

    `text` is looked for, case ignored, in id, name, component code, EUI and MN. `place` takes devices with a location
    in it.
    """

    kind: str | None = None
    area: str | None = None
    department: str | None = None
    state: DeviceState | None = None
    profile: str | None = None
    parent_id: str | None = None
    text: str | None = None
    tag: str | None = None
    grid: str | None = None
    place: Circle | Polygons | None = None

    def holds_place_of(self, device: Device) -> bool:
        """What SQL cannot decide: whether the device stands in `place` itself, and not only in the box around it."""
        if self.place is None:
            return True
        return device.lon is not None and device.lat is not None and self.place.holds(device.lon, device.lat)


def narrowed(statement: Selection, wanted: DeviceFilter) -> Selection:
    """The statement over `devices` with the conditions; of `place` only its box."""
    return statement.where(*_conditions(wanted))


def storable(text: str) -> str:
    """The text to look for. What a database refuses in any text is put as U+FFFF: no row holds either, none is found."""
    return _UNSTORABLE.sub("\uffff", text)


def _conditions(wanted: DeviceFilter) -> Iterator[ColumnElement[bool]]:
    yield ~devices.c.removed
    if wanted.state is not None:
        yield devices.c.state == wanted.state
    for name in ("kind", "department", "profile", "parent_id", "grid"):
        value = getattr(wanted, name)
        if value is not None:
            yield devices.c[name] == storable(value)
    if wanted.area is not None:
        area = storable(wanted.area)
        yield or_(devices.c.area == area, devices.c.area.startswith(f"{area}/", autoescape=True))
    if wanted.text:
        yield or_(*(devices.c[name].icontains(storable(wanted.text), autoescape=True) for name in _SEARCHED))
    if wanted.tag is not None:
        yield _carries(wanted.tag)
    if wanted.place is not None:
        box = wanted.place.box
        yield devices.c.lat.between(box.south, box.north)
        yield devices.c.lon.between(box.west, box.east)


def _carries(tag: str) -> ColumnElement[bool]:
    """Whether a row carries the tag; one with a comma is carried by none."""
    sought = storable(tag) if "," not in tag and tag else "\uffff"
    return type_coerce(devices.c.tags, Text).contains(f",{sought},", autoescape=True)


EVERY_DEVICE: Final = DeviceFilter()
