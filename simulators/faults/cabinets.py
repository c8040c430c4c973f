"""Faults of cabinets and their feeders: what many lamps share."""

from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.city import City
from simulators.city.circuits import circuits_of
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer
from simulators.weather.sky import Sky

CABINET_OUTAGE: Final = "cabinet-outage"
FEEDER_FAULT: Final = "feeder-fault"
CIRCUIT_UNLIT: Final = "circuit-unlit"
CIRCUIT_DAY_BURNER: Final = "circuit-day-burner"
VOLTAGE_SAG: Final = "voltage-sag"
VOLTAGE_SWELL: Final = "voltage-swell"
VOLTAGE_DIP: Final = "voltage-dip"
DOOR_OPEN: Final = "door-open"
CABINET_VISIT: Final = "cabinet-visit"

CIVIL_DUSK_DEG: Final = -6.0
BROAD_DAYLIGHT_DEG: Final = 3.3
"""Where nobody doubts that it is day: 3 degrees, and what the air bends the light there."""
A_GROUP: Final = 3
_DARK_FOR_MS: Final = HOUR_MS


# What the size of a fault means.


def controllers_lose_supply(fault: Fault) -> bool:
    """Whether the lamps' controllers hang on what failed, and fall silent; else they have a supply of their own.

    Of outages every second quarter of sizes is so, of feeder faults the smallest quarter.
    """
    return fault.size < 0.25 or (fault.kind == CABINET_OUTAGE and 0.5 <= fault.size < 0.75)


def meter_has_battery(fault: Fault) -> bool:
    """Whether the cabinet's meter reports on through an outage; else its first report without mains is its last."""
    return fault.size >= 0.5


def feeder_hit(fault: Fault, feeders: tuple[str, ...]) -> str:
    """Which feeder a feeder fault is on."""
    return feeders[int(fault.size * 1000) % len(feeders)]


def supply_v(fault: Fault) -> float:
    """The voltage that a sag, a swell or a dip leaves at the busbar."""
    if fault.kind == VOLTAGE_SAG:
        return 197.8 - 16 * fault.size
    if fault.kind == VOLTAGE_SWELL:
        return 235.6 + 7 * fault.size
    return 190 - 60 * fault.size


# Whom they befall.


def _is_cabinet(device: Device) -> bool:
    return device.kind == "cabinet"


def _has_door_contact(device: Device) -> bool:
    return _is_cabinet(device) and bool(device.attributes.get("door_contact", True))


def _feeds_lamps(device: Device) -> bool:
    return _is_cabinet(device) and float(device.attributes.get("lamps", 0)) >= 2 * A_GROUP


def all_its_lamps(fault: Fault, city: City) -> tuple[str, ...]:
    return circuits_of(city).cabinets[fault.device_id].lamps()


def lamps_of_its_feeder(fault: Fault, city: City) -> tuple[str, ...]:
    circuit = circuits_of(city).cabinets[fault.device_id]
    return circuit.on_feeder(feeder_hit(fault, circuit.feeders))


def in_the_dark(fault: Fault, sky: Sky) -> bool:
    """Whether the sun stands under the horizon by 6 degrees or more throughout."""
    night = sky.night(fault.start_ms, CIVIL_DUSK_DEG)
    return night.from_ms <= fault.start_ms and fault.end_ms <= night.until_ms


def half_an_hour_of_dark(fault: Fault, sky: Sky) -> bool:
    """Whether the first time in it that the sun stands 6 degrees under the horizon lasts half an hour."""
    dark_ms = sky.next_dark(fault.start_ms, fault.end_ms, CIVIL_DUSK_DEG)
    if dark_ms is None:
        return False
    return min(fault.end_ms, sky.night(dark_ms, CIVIL_DUSK_DEG).until_ms) - dark_ms >= HOUR_MS // 2


def over_dusk(fault: Fault, sky: Sky) -> bool:
    """Whether it begins by day and ends an hour or more after civil dusk."""
    dusk_ms = sky.next_dark(fault.start_ms, fault.end_ms, CIVIL_DUSK_DEG)
    return not sky.is_night(fault.start_ms) and dusk_ms is not None and dusk_ms + _DARK_FOR_MS <= fault.end_ms


def an_hour_by_day(fault: Fault, sky: Sky) -> bool:
    """Whether broad daylight finds it, and an hour passes until it ends or the sun is low again."""
    light_ms = sky.next_light(fault.start_ms, fault.end_ms, BROAD_DAYLIGHT_DEG)
    return light_ms is not None and _stays_light(sky, light_ms, fault)


def _stays_light(sky: Sky, light_ms: int, fault: Fault) -> bool:
    until_ms = light_ms + HOUR_MS
    return until_ms <= fault.end_ms and sky.next_dark(light_ms, until_ms, BROAD_DAYLIGHT_DEG) is None


CABINET_FAULTS: Final = (
    FaultSpec(
        CABINET_OUTAGE,
        Layer.CITY,
        (HOUR_MS // 2, 6 * HOUR_MS),
        _feeds_lamps,
        claims=all_its_lamps,
        alarms=True,
    ),
    FaultSpec(
        FEEDER_FAULT,
        Layer.CITY,
        (HOUR_MS, 10 * HOUR_MS),
        _feeds_lamps,
        fits=half_an_hour_of_dark,
        claims=lamps_of_its_feeder,
    ),
    FaultSpec(
        CIRCUIT_UNLIT,
        Layer.CITY,
        (3 * HOUR_MS, 14 * HOUR_MS),
        _feeds_lamps,
        fits=over_dusk,
        claims=all_its_lamps,
    ),
    FaultSpec(
        CIRCUIT_DAY_BURNER,
        Layer.CITY,
        (2 * HOUR_MS, 20 * HOUR_MS),
        _feeds_lamps,
        fits=an_hour_by_day,
        claims=all_its_lamps,
    ),
    FaultSpec(VOLTAGE_SAG, Layer.CITY, (HOUR_MS // 3, 3 * HOUR_MS), _is_cabinet),
    FaultSpec(VOLTAGE_SWELL, Layer.CITY, (HOUR_MS // 3, 3 * HOUR_MS), _is_cabinet),
    FaultSpec(VOLTAGE_DIP, Layer.CITY, (5_000, 45_000), _is_cabinet, alarms=True),
    FaultSpec(DOOR_OPEN, Layer.CITY, (3 * HOUR_MS // 2, 10 * HOUR_MS), _has_door_contact, alarms=True),
    FaultSpec(CABINET_VISIT, Layer.CITY, (10 * MINUTE_MS, 50 * MINUTE_MS), _has_door_contact, alarms=True),
)
"""Those that claim many devices come first, so that they find them free."""
