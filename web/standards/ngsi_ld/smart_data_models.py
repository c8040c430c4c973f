"""Which Smart Data Model a device's readings fill, and with what. Pure.

Only what is known is written: an attribute without a reading or a registered value is left out, a reading marked `bad` is
none, and a device that lacks what a model requires is no entity of it.
Source: smart-data-models Streetlighting, WaterQuality, Environment (attribute names, units, what is required).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from domain.devices import Device
from timeseries.queries.samples import Sample
from web.standards.ngsi_ld.attributes import (
    Attribute,
    instant,
    observed,
    place,
    plain_property,
    registered_number,
    registered_text,
)

Samples = Mapping[str, Sample]
CORE_CONTEXT: Final = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"


class EntityType(StrEnum):
    STREETLIGHT = "Streetlight"
    WATER_QUALITY_OBSERVED = "WaterQualityObserved"
    FLOOD_MONITORING = "FloodMonitoring"


@dataclass(frozen=True, slots=True)
class Model:
    """`kind` is whose devices may be such entities; `fill` returns the model's own attributes, none where it is not one."""

    kind: str
    context: str
    fill: Callable[[Device, Samples], dict[str, Attribute]]
    needs_location: bool


def entity_of(entity_type: EntityType, device: Device, samples: Samples) -> dict[str, Any] | None:
    """The entity that the device is, with its newest readings; None where it is none of that type."""
    model = MODELS[entity_type]
    has_place = device.lon is not None and device.lat is not None
    if device.kind != model.kind or (model.needs_location and not has_place):
        return None
    attributes = model.fill(device, {name: sample for name, sample in samples.items() if sample.quality != "bad"})
    if not attributes and entity_type is not EntityType.STREETLIGHT:
        return None
    described = {"name": plain_property(device.name)} if device.name else {}
    located = {"location": place(device)} if has_place else {}
    return {
        "id": f"urn:ngsi-ld:{entity_type}:{device.device_id}",
        "type": entity_type.value,
        **described,
        **located,
        **attributes,
        "@context": [model.context, CORE_CONTEXT],
    }


def _streetlight(device: Device, samples: Samples) -> dict[str, Attribute]:
    readings = dict(_read(samples, _LAMP))
    if level := samples.get("dimming_level"):
        readings["illuminanceLevel"] = observed(level, round(level.value / 100, 6), "1")
    if power_state := _power_state(samples):
        readings["powerState"] = power_state
    if failure := samples.get("lamp_failure"):
        readings["status"] = observed(failure, "defectiveLamp" if failure.value else "ok")
    registered = dict(
        _registered(device, {"powerRating": ("nominal_power", "W"), "lanternHeight": ("lantern_height", "m")})
    )
    if circuit := registered_text(device, "circuit"):
        registered["circuit"] = plain_property(circuit)
    return {**registered, **readings}


def _power_state(samples: Samples) -> Attribute | None:
    """Off by an open relay or a level of zero, on otherwise; left out where the lamp reports neither."""
    relay, level = samples.get("relay_closed"), samples.get("dimming_level")
    newest = max((one for one in (relay, level) if one is not None), key=lambda one: one.observed_at_ms, default=None)
    if newest is None:
        return None
    off = any(one is not None and one.value == 0 for one in (relay, level))
    return observed(newest, "off" if off else "on")


def _water_quality(device: Device, samples: Samples) -> dict[str, Attribute]:
    attributes = dict(_read(samples, _WATER))
    if conductivity := samples.get("conductivity"):
        attributes["conductivity"] = observed(conductivity, round(conductivity.value * 1e-4, 10), "S/m")
    if attributes:
        used = [samples[quantity] for quantity in (*_QUANTITIES_OF_WATER, "conductivity") if quantity in samples]
        attributes["dateObserved"] = instant(max(sample.observed_at_ms for sample in used))
    return attributes


def _flood(device: Device, samples: Samples) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {}
    used: list[Sample] = []
    if level := samples.get("water_level"):
        attributes["currentLevel"] = observed(level, level.value, "m")
        used.append(level)
    if distance := samples.get("distance"):
        attributes["measuredDistance"] = observed(distance, round(distance.value / 1000, 6), "m")
        used.append(distance)
    if not used:
        return {}
    levels = {"referenceLevel": "installed_height", "alertLevel": "alert_level", "dangerLevel": "danger_level"}
    registered = dict(_registered(device, {name: (attribute, "m") for name, attribute in levels.items()}))
    return {
        "stationID": plain_property(device.device_id),
        **registered,
        **attributes,
        "observationDateTime": instant(max(sample.observed_at_ms for sample in used)),
    }


def _read(samples: Samples, names: Mapping[str, tuple[str, str | None]]) -> Iterator[tuple[str, Attribute]]:
    for name, (quantity, unit) in names.items():
        if sample := samples.get(quantity):
            yield name, observed(sample, sample.value, unit)


def _registered(device: Device, names: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, Attribute]]:
    for name, (attribute, unit) in names.items():
        value = registered_number(device, attribute)
        if value is not None:
            yield name, plain_property(value, unit)


_LAMP: Final = {
    "voltage": ("voltage", "V"),
    "current": ("current", "A"),
    "powerConsumption": ("active_power", "W"),
    "powerFactor": ("power_factor", "1"),
}
_LAMP_AS_BUILT: Final = {"powerRating": ("nominal_power", "W"), "lanternHeight": ("lantern_height", "m")}
# Ammonia nitrogen (nh3_n) is neither NH3 nor NH4 of the model, the permanganate index not its cod: they are left out.
_WATER: Final[Mapping[str, tuple[str, str | None]]] = {
    "temperature": ("water_temperature", "Cel"),
    "pH": ("ph", "[pH]"),
    "O2": ("dissolved_oxygen", "mg/L"),
    "turbidity": ("turbidity", None),
    "cod": ("cod_cr", "mg/L"),
}
_QUANTITIES_OF_WATER: Final = tuple(quantity for quantity, _ in _WATER.values())
_CONTEXTS: Final = "https://raw.githubusercontent.com/smart-data-models"

MODELS: Final[Mapping[EntityType, Model]] = {
    EntityType.STREETLIGHT: Model(
        "streetlight", f"{_CONTEXTS}/dataModel.Streetlighting/master/context.jsonld", _streetlight, True
    ),
    EntityType.WATER_QUALITY_OBSERVED: Model(
        "water_monitor", f"{_CONTEXTS}/dataModel.WaterQuality/master/context.jsonld", _water_quality, True
    ),
    EntityType.FLOOD_MONITORING: Model(
        "water_monitor", f"{_CONTEXTS}/dataModel.Environment/master/context.jsonld", _flood, False
    ),
}
