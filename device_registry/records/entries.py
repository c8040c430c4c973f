"""What the registry holds of a device: the `Device` that stages see, and the details that only people and forms need."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, NamedTuple

from domain.devices import Device


class Datum(StrEnum):
    """The datum in which a location was given. `lon` and `lat` of a device are WGS 84 whatever it was."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class Details:
    """What is registered of a device beside its `Device`; not published.

    `department` of the device is in charge (DeptCode1 主管部门); `owner` owns it (DeptCode2 权属单位), `maintainer` looks
    after it (DeptCode3 养护单位). `component_scheme` names the scheme of its component code, None for the city's.
    `source_lon`, `source_lat` are the location as it came, in `source_datum`, degrees; None where it came in WGS 84.
    `identities` holds names in further systems by system: `{"imei": "86…"}`.
    """

    owner: str | None = None
    maintainer: str | None = None
    component_scheme: str | None = None
    source_datum: Datum = Datum.WGS84
    source_lon: float | None = None
    source_lat: float | None = None
    tags: tuple[str, ...] = ()
    identities: dict[str, str] = field(default_factory=dict)


class DeviceEntry(NamedTuple):
    """A device as it is offered to the registry or returned by it."""

    device: Device
    details: Details = Details()


class StoredEntry(NamedTuple):
    """An entry as the table holds it, with when it was first and last written, epoch ms."""

    device: Device
    details: Details
    created_at_ms: int
    updated_at_ms: int


DEVICE_FIELDS: Final = tuple(one.name for one in fields(Device))
DETAIL_FIELDS: Final = tuple(one.name for one in fields(Details))


def entry_facts(entry: DeviceEntry | StoredEntry) -> dict[str, Any]:
    """Every field of device and details by its name, in the order of the classes."""
    device, details = entry[0], entry[1]
    return {
        **{name: getattr(device, name) for name in DEVICE_FIELDS},
        **{name: getattr(details, name) for name in DETAIL_FIELDS},
    }
