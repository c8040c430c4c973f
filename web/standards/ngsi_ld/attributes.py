"""The attributes of NGSI-LD entities: properties, with the unit and the instant they were observed at. Pure.

`unitCode` is the UN/CEFACT common code (Recommendation 20), as NGSI-LD asks; turbidity has none there.
"""

from typing import Any, Final

from domain.devices import Device
from domain.time.durations import format_instant
from timeseries.queries.samples import Sample

Attribute = dict[str, Any]
UNIT_CODES: Final = {
    "V": "VLT", "A": "AMP", "W": "WTT", "m": "MTR", "Cel": "CEL", "mg/L": "M1", "S/m": "D10", "[pH]": "Q30", "1": "C62",
}  # fmt: skip
"""Codes by the UCUM code of the same unit."""


def plain_property(value: float | str | bool, unit: str | None = None) -> Attribute:
    """A property that is registered, and has no instant therefore."""
    attribute: Attribute = {"type": "Property", "value": value}
    if unit is not None and unit in UNIT_CODES:
        attribute["unitCode"] = UNIT_CODES[unit]
    return attribute


def observed(sample: Sample, value: float | str, unit: str | None = None) -> Attribute:
    """A property that was read at an instant; a doubtful one bears its quality in a property of its own."""
    attribute = {**plain_property(value, unit), "observedAt": format_instant(sample.observed_at_ms)}
    if sample.quality is not None:
        attribute["quality"] = plain_property(sample.quality)
    return attribute


def instant(at_ms: int) -> Attribute:
    return {"type": "Property", "value": {"@type": "DateTime", "@value": format_instant(at_ms)}}


def place(device: Device) -> Attribute:
    """The location of a device that has one: GeoJSON, longitude first, WGS 84."""
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [device.lon, device.lat]}}


def registered_number(device: Device, name: str) -> float | None:
    """An attribute of the device, where it is a number."""
    value = device.attributes.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def registered_text(device: Device, name: str) -> str | None:
    value = device.attributes.get(name)
    return value if isinstance(value, str) and value else None
