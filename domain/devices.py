"""Devices, their profiles and areas, and how a stage looks a device up."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from domain.identities import Identity

AttributeValue = str | int | float | bool
ATTRIBUTE_NAME: Final = re.compile(r"[^\W\d]\w{0,63}")
"""A letter of any script or `_`, then letters, digits and `_`; in Unicode's composed form (NFC)."""

DEVICE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")
"""What a device id may be: one MQTT topic level, one Kafka key, safe in a file name."""


class DeviceState(StrEnum):
    """Where a device stands in its life. Only `active` devices are judged by rules; `retired` ones are unknown."""

    REGISTERED = "registered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Device:
    """One device as the registry publishes it on `registry.devices` (key = device_id): what the stages need of it.

    Units: lon and lat are WGS 84 degrees; `report_interval_s` seconds. Time: `activated_at_ms` is when the device became
    active, epoch ms, the start of silence for one that never reported. `grid` is the code of the unit grid (15 digits),
    `sparkplug` where the device is on Sparkplug B: `group/edge` or `group/edge/device`.
    """

    device_id: str
    kind: str
    profile: str
    name: str = ""
    area: str | None = None
    lon: float | None = None
    lat: float | None = None
    parent_id: str | None = None
    component_code: str | None = None
    department: str | None = None
    report_interval_s: int = 600
    dev_eui: str | None = None
    mn: str | None = None
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    state: DeviceState = DeviceState.ACTIVE
    activated_at_ms: int = 0
    version: int = 1
    grid: str | None = None
    sparkplug: str | None = None


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """How one field of a device's message becomes a reading: canonical(field * scale + offset, unit).

    `low` and `high` bound, inclusive, what this model of device can measure, in `unit`; a reading beyond them is marked
    `outside`. The range of the quantity catalogue holds besides, and what lies beyond that is `bad`.
    """

    source: str
    quantity: str
    unit: str
    scale: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None
    outside: Literal["suspect", "bad"] = "bad"


@dataclass(frozen=True, slots=True)
class DerivedReading:
    """A reading computed from others of the same report and from the device's attributes, by `domain.quantities`.

    `formula` computes in canonical units: `device.installed_height - distance / 1000`.
    """

    quantity: str
    formula: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model of device reports and means. `fields` is empty where it sends canonical quantities in canonical units.

    `ignore` names source fields that are left out without a record. `report_interval_s` and `attributes` are what a device
    of the model has unless it has its own. `codec` names the dialect or payload format that it uses, for readers that
    need it. Published on `registry.devices` under `profile/<name>`.
    """

    name: str
    kind: str
    fields: tuple[FieldMapping, ...] = ()
    ignore: tuple[str, ...] = ()
    report_interval_s: int = 600
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    codec: str | None = None
    derived: tuple[DerivedReading, ...] = ()


AREA_LEVELS: Final = ("city", "district", "street", "community", "grid")
"""The levels of the area tree, the widest first."""


@dataclass(frozen=True, slots=True)
class Area:
    """One node of the area tree; `path` joins the codes from the city down: `320582/110/152/102`.

    `level` is one of AREA_LEVELS, or empty where it is not known. `names` holds the name in further languages by their
    code (`en`). `boundary` is a GeoJSON Polygon or MultiPolygon in WGS 84, None where it is not known.
    """

    path: str
    name: str
    level: str = ""
    names: dict[str, str] = field(default_factory=dict)
    boundary: dict[str, Any] | None = None


class DeviceLookup(Protocol):
    """The registry as a running stage sees it: in memory, following `registry.devices`.

    Order: what `device` returns may change between two calls; `version` grows by at least one whenever anything changed,
    so plans compiled from a device or a profile can be kept until it does. Retired devices are not found.
    """

    @property
    def version(self) -> int: ...

    def device(self, device_id: str) -> Device | None: ...

    def profile(self, name: str) -> Profile | None: ...


class IdentityLookup(DeviceLookup, Protocol):
    """A lookup that knows the other names of devices as well."""

    def find(self, identity: Identity) -> Device | None:
        """The device of that name under its scheme, in whatever form the scheme admits."""
