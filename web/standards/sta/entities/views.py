"""The properties of entities, as views of one `Row`. Pure.

Source: OGC 18-088, section 8.2.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

from domain.devices import Device, Profile
from domain.quantities.catalogue import Quantity
from domain.time.durations import format_instant
from timeseries.queries.readings import StoredReading
from web.standards.sta.entities.identifiers import observation_id

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


def _without_nulls(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def device_of(row: Row) -> Device:
    assert row.device is not None
    return row.device


def thing(row: Row) -> dict[str, Any]:
    device = device_of(row)
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


def location(row: Row) -> dict[str, Any]:
    device = device_of(row)
    return {
        "name": device.name or device.device_id,
        "description": f"where {device.device_id} stands, WGS 84",
        "encodingType": GEO_JSON,
        "location": _place(device),
    }


def feature_of_interest(row: Row) -> dict[str, Any]:
    device = device_of(row)
    return {
        "name": device.name or device.device_id,
        "description": f"the surroundings of {device.device_id}",
        "encodingType": GEO_JSON,
        "feature": _place(device),
    }


def sensor(row: Row) -> dict[str, Any]:
    assert row.profile is not None
    profile = row.profile
    return {
        "name": profile.name,
        "description": f"model of device, kind {profile.kind}",
        "encodingType": "application/json",
        "metadata": {name: value for name, value in asdict(profile).items() if value not in (None, (), {})},
        "properties": _without_nulls({"kind": profile.kind, "codec": profile.codec}),
    }


def quantity_of(row: Row) -> Quantity:
    assert row.quantity is not None
    return row.quantity


def observed_property(row: Row) -> dict[str, Any]:
    quantity = quantity_of(row)
    bounds = {} if quantity.boolean else {"unit": quantity.unit, "low": quantity.low, "high": quantity.high}
    return {
        "name": quantity.title_en,
        "description": f"{quantity.title_en} ({quantity.title_zh})",
        "definition": f"urn:urbansense:quantity:{quantity.name}",
        "properties": {"title_zh": quantity.title_zh, **bounds},
    }


def unit_of_measurement(quantity: Quantity) -> dict[str, str | None]:
    """UCUM where the unit has a code there; a truth value has no unit: all three are null then, as the source demands."""
    if quantity.boolean:
        return {"name": None, "symbol": None, "definition": None}
    known = quantity.unit not in ("dBm", "dB")
    definition = f"http://www.opengis.net/def/uom/UCUM/0/{quote(quantity.unit, safe='')}" if known else None
    return {"name": quantity.unit, "symbol": quantity.unit, "definition": definition}


def datastream(row: Row) -> dict[str, Any]:
    device, quantity = device_of(row), quantity_of(row)
    sort = "OM_TruthObservation" if quantity.boolean else "OM_Measurement"
    return {
        "name": f"{quantity.title_en}, {device.name or device.device_id}",
        "description": f"{quantity.name} of {device.device_id}",
        "observationType": f"{_MODEL}/{sort}",
        "unitOfMeasurement": unit_of_measurement(quantity),
        "properties": {"quantity": quantity.name, "kind": device.kind},
    }


def observation(row: Row) -> dict[str, Any]:
    assert row.reading is not None
    sample = row.reading.sample
    boolean = row.quantity is not None and row.quantity.boolean
    at = format_instant(sample.observed_at_ms)
    entity: dict[str, Any] = {
        "phenomenonTime": at,
        "result": bool(sample.value) if boolean else sample.value,
        "resultTime": at,
    }
    if sample.quality is not None:
        entity["resultQuality"] = {"DQ_Status": {"code": sample.quality}}
    received = None if sample.received_at_ms is None else format_instant(sample.received_at_ms)
    parameters = _without_nulls({"receivedTime": received, "messageId": sample.message_id})
    return {**entity, "parameters": parameters} if parameters else entity


def own_observation_id(row: Row) -> str:
    assert row.reading is not None
    return observation_id(row.reading)
