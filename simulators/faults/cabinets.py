"""Faults of cabinets and their feeders: what many lamps share."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from domain.time_units import HOUR_MS, MINUTE_MS
from simulators.circuits import circuits_of
from simulators.city import City
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.sky import Sky
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

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
_A_GROUP: Final = 3
_A_LOST_LINK: Final = 5
_DARK_FOR_MS: Final = HOUR_MS


# What the size of a fault means.


def controllers_lose_supply(fault: Fault) -> bool:
    """Whether the lamps' controllers hang on what failed, and fall silent; else they have a supply of their own.

    Of outages every second quarter of sizes is so, of feeder faults the smallest quarter.
    """
    return fault.size < 0.25 or (fault.kind == CABINET_OUTAGE and 0.5 <= fault.size < 0.75)


def meter_has_battery(fault: Fault) -> bool:
    """Whether the cabinet's meter speaks on through an outage; else its first report without mains is its last."""
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
    return _is_cabinet(device) and float(device.attributes.get("lamps", 0)) >= 2 * _A_GROUP


def _all_its_lamps(fault: Fault, city: City) -> tuple[str, ...]:
    return circuits_of(city).cabinets[fault.device_id].lamps()


def _lamps_of_its_feeder(fault: Fault, city: City) -> tuple[str, ...]:
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


# What should be said.


def told_within(waits_ms: int, device: Device) -> int:
    """How long after the onset a rule that waits so long must have spoken: two report intervals and a minute more."""
    return waits_ms + 2 * device.report_interval_s * 1000 + MINUTE_MS


def _outage(fault: Fault, world: "World") -> Label:
    cabinet = world.device(fault.device_id)
    affected = (fault.device_id, *_all_its_lamps(fault, world.city))
    follows = ("lamp-out", "feeder-fault", "offline", "link-lost", "voltage-low", "lamp-cycling", CIRCUIT_UNLIT)
    if meter_has_battery(fault):
        within_ms = told_within(MINUTE_MS, cabinet)
        return asks_for(fault, "cabinet-power-loss", within_ms=within_ms, explains=follows, affected=affected)
    within_ms = told_within(15 * MINUTE_MS, cabinet)
    return asks_for(fault, "cabinet-power-loss", "offline", within_ms=within_ms, explains=follows, affected=affected)


def _feeder_fault(fault: Fault, world: "World") -> Label:
    """One event for many lamps: seen when as many of them should burn as make a group, at once where they fall silent."""
    lamps = _lamps_of_its_feeder(fault, world.city)
    silent = controllers_lose_supply(fault)
    alone, together, enough = ("offline", "link-lost", _A_LOST_LINK) if silent else ("lamp-out", FEEDER_FAULT, _A_GROUP)
    seen_ms = [fault.start_ms] * len(lamps) if silent else _first_lit(fault, world, lamps)
    is_group = len(lamps) >= enough
    follows = asks_for_nothing(fault, explains=(alone, together), affected=(fault.device_id, *lamps))
    if not seen_ms:
        return follows
    waits_ms = (30 if silent else 3) * MINUTE_MS
    return asks_for(
        fault,
        together if is_group else alone,
        within_ms=seen_ms[:enough][-1] - fault.start_ms + told_within(waits_ms, world.device(lamps[0])) + 2 * MINUTE_MS,
        subjects=(fault.device_id,) if is_group else lamps,
        explains=follows.explains,
        affected=follows.affected,
    )


def _first_lit(fault: Fault, world: "World", lamps: tuple[str, ...]) -> list[int]:
    """When each of the lamps should first burn during a fault, the earliest first."""
    spans = (world.circuits.lanterns[lamp].spans_lit(world.sky, fault.start_ms, fault.end_ms) for lamp in lamps)
    return sorted(lit[0][0] for lit in spans if lit)


def _circuit_unlit(fault: Fault, world: "World") -> Label:
    lamps = _all_its_lamps(fault, world.city)
    dusk_ms = world.sky.next_dark(fault.start_ms, fault.end_ms, CIVIL_DUSK_DEG)
    if dusk_ms is None:
        return asks_for_nothing(fault)
    within_ms = dusk_ms - fault.start_ms + told_within(15 * MINUTE_MS, world.device(fault.device_id))
    return asks_for(
        fault, CIRCUIT_UNLIT, within_ms=within_ms, explains=("lamp-unlit",), affected=(fault.device_id, *lamps)
    )


def _circuit_day_burner(fault: Fault, world: "World") -> Label:
    lamps = _all_its_lamps(fault, world.city)
    light_ms = world.sky.next_light(fault.start_ms, fault.end_ms, BROAD_DAYLIGHT_DEG)
    if light_ms is None:
        return asks_for_nothing(fault)
    within_ms = light_ms - fault.start_ms + told_within(30 * MINUTE_MS, world.device(fault.device_id)) + 2 * MINUTE_MS
    return asks_for(
        fault, "day-burner", within_ms=within_ms, explains=("day-burner",), affected=(fault.device_id, *lamps)
    )


def _voltage(fault: Fault, world: "World") -> Label:
    problem = "voltage-low" if fault.kind == VOLTAGE_SAG else "voltage-high"
    return asks_for(
        fault,
        problem,
        within_ms=told_within(10 * MINUTE_MS, world.device(fault.device_id)),
        explains=(problem,),
        affected=(fault.device_id, *_all_its_lamps(fault, world.city)),
        hard="within the meter's noise of the limit" if fault.size < 0.2 else "",
    )


def _door_open(fault: Fault, world: "World") -> Label:
    return asks_for(fault, DOOR_OPEN, within_ms=told_within(60 * MINUTE_MS, world.device(fault.device_id)))


def _no_fault(fault: Fault, world: "World") -> Label:
    return asks_for_nothing(fault)


CABINET_FAULTS: Final = (
    FaultSpec(
        CABINET_OUTAGE,
        Layer.CITY,
        (HOUR_MS // 2, 6 * HOUR_MS),
        _feeds_lamps,
        _outage,
        claims=_all_its_lamps,
        alarms=True,
    ),
    FaultSpec(
        FEEDER_FAULT,
        Layer.CITY,
        (HOUR_MS, 10 * HOUR_MS),
        _feeds_lamps,
        _feeder_fault,
        fits=half_an_hour_of_dark,
        claims=_lamps_of_its_feeder,
    ),
    FaultSpec(
        CIRCUIT_UNLIT,
        Layer.CITY,
        (3 * HOUR_MS, 14 * HOUR_MS),
        _feeds_lamps,
        _circuit_unlit,
        fits=over_dusk,
        claims=_all_its_lamps,
    ),
    FaultSpec(
        CIRCUIT_DAY_BURNER,
        Layer.CITY,
        (2 * HOUR_MS, 20 * HOUR_MS),
        _feeds_lamps,
        _circuit_day_burner,
        fits=an_hour_by_day,
        claims=_all_its_lamps,
    ),
    FaultSpec(VOLTAGE_SAG, Layer.CITY, (HOUR_MS // 3, 3 * HOUR_MS), _is_cabinet, _voltage),
    FaultSpec(VOLTAGE_SWELL, Layer.CITY, (HOUR_MS // 3, 3 * HOUR_MS), _is_cabinet, _voltage),
    FaultSpec(VOLTAGE_DIP, Layer.CITY, (5_000, 45_000), _is_cabinet, _no_fault, alarms=True),
    FaultSpec(DOOR_OPEN, Layer.CITY, (3 * HOUR_MS // 2, 10 * HOUR_MS), _has_door_contact, _door_open, alarms=True),
    FaultSpec(CABINET_VISIT, Layer.CITY, (10 * MINUTE_MS, 50 * MINUTE_MS), _has_door_contact, _no_fault, alarms=True),
)
"""Those that claim many devices come first, so that they find them free."""
