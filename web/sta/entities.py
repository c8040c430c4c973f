"""The eight entity sets: what each shows of a device, a quantity, a profile or a reading, and how they hang together.

Every entity is a view of one `Row`. Following a navigation to one entity only changes the view; one to many asks for
the rows that share what `Navigation.shares` names.
Source: OGC 18-088, section 8.2.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

from domain.devices import Device, Profile
from domain.durations import format_instant
from domain.quantities import CATALOGUE, Quantity
from timeseries.readings import StoredReading
from web.sta.identifiers import datastream_id, observation_id

Fact = Literal["device", "profile", "quantity"]
GEO_JSON: Final = "application/geo+json"
_MODEL: Final = "http://www.opengis.net/def/observationType/OGC-OM/2.0"


@dataclass(frozen=True, slots=True)
class Row:
    """What an entity is a view of; each set fills what it needs, and `device` is None where the registry knows none."""

    device: Device | None = None
    quantity: Quantity | None = None
    profile: Profile | None = None
    reading: StoredReading | None = None

    def fact(self, name: Fact) -> str | None:
        match name:
            case "device":
                if self.device is not None:
                    return self.device.device_id
                return self.reading.device_id if self.reading is not None else None
            case "quantity":
                return self.quantity.name if self.quantity is not None else None
            case "profile":
                if self.profile is not None:
                    return self.profile.name
                return self.device.profile if self.device is not None else None


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way from one entity to others of the set `target`, which share these facts with it."""

    target: str
    many: bool
    shares: tuple[Fact, ...]

    @property
    def at_most_one(self) -> bool:
        """Whether a path may go this way: a device has one place, so its `Locations` are one at most."""
        return not self.many or (self.target in ("Things", "Locations") and self.shares == ("device",))


@dataclass(frozen=True, slots=True)
class EntitySet:
    """`body` tells the properties of a row, of which there are no others than `properties`; a null one is left out."""

    name: str
    identify: Callable[[Row], str]
    body: Callable[[Row], dict[str, Any]]
    properties: tuple[str, ...]
    navigations: Mapping[str, Navigation]


def _without_nulls(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _device(row: Row) -> Device:
    assert row.device is not None
    return row.device


def _thing(row: Row) -> dict[str, Any]:
    device = _device(row)
    facts = (
        "kind",
        "profile",
        "area",
        "grid",
        "parent_id",
        "component_code",
        "department",
        "report_interval_s",
        "state",
    )
    properties = _without_nulls({name: getattr(device, name) for name in facts})
    if device.attributes:
        properties["attributes"] = device.attributes
    return {
        "name": device.name or device.device_id,
        "description": f"{device.kind} {device.device_id}",
        "properties": properties,
    }


def _place(device: Device) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [device.lon, device.lat]}


def _location(row: Row) -> dict[str, Any]:
    device = _device(row)
    return {
        "name": device.name or device.device_id,
        "description": f"where {device.device_id} stands, WGS 84",
        "encodingType": GEO_JSON,
        "location": _place(device),
    }


def _feature(row: Row) -> dict[str, Any]:
    device = _device(row)
    return {
        "name": device.name or device.device_id,
        "description": f"the surroundings of {device.device_id}",
        "encodingType": GEO_JSON,
        "feature": _place(device),
    }


def _sensor(row: Row) -> dict[str, Any]:
    assert row.profile is not None
    profile = row.profile
    return {
        "name": profile.name,
        "description": f"model of device, kind {profile.kind}",
        "encodingType": "application/json",
        "metadata": {name: value for name, value in asdict(profile).items() if value not in (None, (), {})},
        "properties": _without_nulls({"kind": profile.kind, "codec": profile.codec}),
    }


def _quantity(row: Row) -> Quantity:
    assert row.quantity is not None
    return row.quantity


def _observed_property(row: Row) -> dict[str, Any]:
    quantity = _quantity(row)
    bounds = {} if quantity.boolean else {"unit": quantity.unit, "low": quantity.low, "high": quantity.high}
    return {
        "name": quantity.title_en,
        "description": f"{quantity.title_en} ({quantity.title_zh})",
        "definition": f"urn:urbansense:quantity:{quantity.name}",
        "properties": {"title_zh": quantity.title_zh, **bounds},
    }


def unit_of_measurement(quantity: Quantity) -> dict[str, str | None]:
    """UCUM where the unit has a code there; a truth value has no unit, and all three are null then, as the source says."""
    if quantity.boolean:
        return {"name": None, "symbol": None, "definition": None}
    known = quantity.unit not in ("dBm", "dB")
    definition = f"http://www.opengis.net/def/uom/UCUM/0/{quote(quantity.unit, safe='')}" if known else None
    return {"name": quantity.unit, "symbol": quantity.unit, "definition": definition}


def _datastream(row: Row) -> dict[str, Any]:
    device, quantity = _device(row), _quantity(row)
    sort = "OM_TruthObservation" if quantity.boolean else "OM_Measurement"
    return {
        "name": f"{quantity.title_en}, {device.name or device.device_id}",
        "description": f"{quantity.name} of {device.device_id}",
        "observationType": f"{_MODEL}/{sort}",
        "unitOfMeasurement": unit_of_measurement(quantity),
        "properties": {"quantity": quantity.name, "kind": device.kind},
    }


def _observation(row: Row) -> dict[str, Any]:
    assert row.reading is not None
    sample = row.reading.sample
    boolean = row.quantity is not None and row.quantity.boolean
    at = format_instant(sample.observed_at_ms)
    told: dict[str, Any] = {
        "phenomenonTime": at,
        "result": bool(sample.value) if boolean else sample.value,
        "resultTime": at,
    }
    if sample.quality is not None:
        told["resultQuality"] = {"DQ_Status": {"code": sample.quality}}
    received = None if sample.received_at_ms is None else format_instant(sample.received_at_ms)
    parameters = _without_nulls({"receivedTime": received, "messageId": sample.message_id})
    return {**told, "parameters": parameters} if parameters else told


def _observation_id(row: Row) -> str:
    assert row.reading is not None
    return observation_id(row.reading)


_DESCRIBED: Final = ("name", "description")
_HISTORY: Final = Navigation("HistoricalLocations", True, ("device",))
_OF_DEVICE: Final[tuple[Fact, ...]] = ("device",)
_OF_SERIES: Final[tuple[Fact, ...]] = ("device", "quantity")

ENTITY_SETS: Final[Mapping[str, EntitySet]] = {
    one.name: one
    for one in (
        EntitySet(
            "Things",
            lambda row: _device(row).device_id,
            _thing,
            (*_DESCRIBED, "properties"),
            {
                "Locations": Navigation("Locations", True, _OF_DEVICE),
                "HistoricalLocations": _HISTORY,
                "Datastreams": Navigation("Datastreams", True, _OF_DEVICE),
            },
        ),
        EntitySet(
            "Locations",
            lambda row: _device(row).device_id,
            _location,
            (*_DESCRIBED, "encodingType", "location", "properties"),
            {"Things": Navigation("Things", True, _OF_DEVICE), "HistoricalLocations": _HISTORY},
        ),
        EntitySet(
            "HistoricalLocations",
            lambda row: "",
            lambda row: {},
            ("time",),
            {
                "Thing": Navigation("Things", False, _OF_DEVICE),
                "Locations": Navigation("Locations", True, _OF_DEVICE),
            },
        ),
        EntitySet(
            "Datastreams",
            lambda row: datastream_id(_device(row).device_id, _quantity(row).name),
            _datastream,
            (*_DESCRIBED, "observationType", "unitOfMeasurement", "observedArea", "phenomenonTime", "resultTime",
             "properties"),
            {
                "Thing": Navigation("Things", False, _OF_DEVICE),
                "Sensor": Navigation("Sensors", False, ("profile",)),
                "ObservedProperty": Navigation("ObservedProperties", False, ("quantity",)),
                "Observations": Navigation("Observations", True, _OF_SERIES),
            },
        ),
        EntitySet(
            "Sensors",
            lambda row: row.fact("profile") or "",
            _sensor,
            (*_DESCRIBED, "encodingType", "metadata", "properties"),
            {"Datastreams": Navigation("Datastreams", True, ("profile",))},
        ),
        EntitySet(
            "ObservedProperties",
            lambda row: _quantity(row).name,
            _observed_property,
            (*_DESCRIBED, "definition", "properties"),
            {"Datastreams": Navigation("Datastreams", True, ("quantity",))},
        ),
        EntitySet(
            "Observations",
            _observation_id,
            _observation,
            ("phenomenonTime", "result", "resultTime", "resultQuality", "validTime", "parameters"),
            {
                "Datastream": Navigation("Datastreams", False, _OF_SERIES),
                "FeatureOfInterest": Navigation("FeaturesOfInterest", False, _OF_DEVICE),
            },
        ),
        EntitySet(
            "FeaturesOfInterest",
            lambda row: _device(row).device_id,
            _feature,
            (*_DESCRIBED, "encodingType", "feature", "properties"),
            {"Observations": Navigation("Observations", True, _OF_DEVICE)},
        ),
    )
}  # fmt: skip
"""Every entity set by its name, in the order of the service's root."""

OPEN_PROPERTIES: Final = ("properties", "unitOfMeasurement", "metadata", "parameters", "resultQuality")
"""Properties that hold further ones, which a path may name freely."""


def exists(entity_set: EntitySet, row: Row) -> bool:
    """Whether the set has an entity for the row: no location without a place, no data stream without its device."""
    device = row.device
    match entity_set.name:
        case "Things" | "Datastreams":
            return device is not None
        case "Locations" | "FeaturesOfInterest":
            return device is not None and device.lon is not None and device.lat is not None
        case "Sensors":
            return row.profile is not None
        case "ObservedProperties":
            return row.quantity is not None
        case "Observations":
            return row.reading is not None
        case _:
            return False


def known_quantity(name: str) -> Quantity | None:
    return CATALOGUE.get(name)
