"""Labels of faults: cabinets."""

from typing import Final

from domain.time.units import MINUTE_MS
from simulators.faults.cabinets import (
    A_GROUP,
    BROAD_DAYLIGHT_DEG,
    CABINET_OUTAGE,
    CABINET_VISIT,
    CIRCUIT_DAY_BURNER,
    CIRCUIT_UNLIT,
    CIVIL_DUSK_DEG,
    DOOR_OPEN,
    FEEDER_FAULT,
    VOLTAGE_DIP,
    VOLTAGE_SAG,
    VOLTAGE_SWELL,
    all_its_lamps,
    controllers_lose_supply,
    lamps_of_its_feeder,
    meter_has_battery,
)
from simulators.faults.fault import Fault
from simulators.truth.kinds.asking import asks_for, asks_for_nothing, due_within
from simulators.truth.labels import Label
from simulators.world.state import World

_A_LOST_LINK: Final = 5


def _outage(fault: Fault, world: World) -> Label:
    cabinet = world.device(fault.device_id)
    affected = (fault.device_id, *all_its_lamps(fault, world.city))
    follows = ("lamp-out", "feeder-fault", "offline", "link-lost", "voltage-low", "lamp-cycling", CIRCUIT_UNLIT)
    if meter_has_battery(fault):
        within_ms = due_within(MINUTE_MS, cabinet)
        return asks_for(fault, "cabinet-power-loss", within_ms=within_ms, explains=follows, affected=affected)
    within_ms = due_within(15 * MINUTE_MS, cabinet)
    return asks_for(fault, "cabinet-power-loss", "offline", within_ms=within_ms, explains=follows, affected=affected)


def _feeder_fault(fault: Fault, world: World) -> Label:
    """One event for many lamps: seen when as many of them should burn as make a group, at once where they fall silent."""
    lamps = lamps_of_its_feeder(fault, world.city)
    silent = controllers_lose_supply(fault)
    alone, together, enough = ("offline", "link-lost", _A_LOST_LINK) if silent else ("lamp-out", FEEDER_FAULT, A_GROUP)
    seen_ms = [fault.start_ms] * len(lamps) if silent else _first_lit(fault, world, lamps)
    is_group = len(lamps) >= enough
    follows = asks_for_nothing(fault, explains=(alone, together), affected=(fault.device_id, *lamps))
    if not seen_ms:
        return follows
    waits_ms = (30 if silent else 3) * MINUTE_MS
    return asks_for(
        fault,
        together if is_group else alone,
        within_ms=seen_ms[:enough][-1] - fault.start_ms + due_within(waits_ms, world.device(lamps[0])) + 2 * MINUTE_MS,
        subjects=(fault.device_id,) if is_group else lamps,
        explains=follows.explains,
        affected=follows.affected,
    )


def _first_lit(fault: Fault, world: World, lamps: tuple[str, ...]) -> list[int]:
    """When each of the lamps should first burn during a fault, the earliest first."""
    spans = (world.circuits.lanterns[lamp].spans_lit(world.sky, fault.start_ms, fault.end_ms) for lamp in lamps)
    return sorted(lit[0][0] for lit in spans if lit)


def _circuit_unlit(fault: Fault, world: World) -> Label:
    lamps = all_its_lamps(fault, world.city)
    dusk_ms = world.sky.next_dark(fault.start_ms, fault.end_ms, CIVIL_DUSK_DEG)
    if dusk_ms is None:
        return asks_for_nothing(fault)
    within_ms = dusk_ms - fault.start_ms + due_within(15 * MINUTE_MS, world.device(fault.device_id))
    return asks_for(
        fault, CIRCUIT_UNLIT, within_ms=within_ms, explains=("lamp-unlit",), affected=(fault.device_id, *lamps)
    )


def _circuit_day_burner(fault: Fault, world: World) -> Label:
    lamps = all_its_lamps(fault, world.city)
    light_ms = world.sky.next_light(fault.start_ms, fault.end_ms, BROAD_DAYLIGHT_DEG)
    if light_ms is None:
        return asks_for_nothing(fault)
    within_ms = light_ms - fault.start_ms + due_within(30 * MINUTE_MS, world.device(fault.device_id)) + 2 * MINUTE_MS
    return asks_for(
        fault, "day-burner", within_ms=within_ms, explains=("day-burner",), affected=(fault.device_id, *lamps)
    )


def _voltage(fault: Fault, world: World) -> Label:
    problem = "voltage-low" if fault.kind == VOLTAGE_SAG else "voltage-high"
    return asks_for(
        fault,
        problem,
        within_ms=due_within(10 * MINUTE_MS, world.device(fault.device_id)),
        explains=(problem,),
        affected=(fault.device_id, *all_its_lamps(fault, world.city)),
        hard="within the meter's noise of the limit" if fault.size < 0.2 else "",
    )


def _door_open(fault: Fault, world: World) -> Label:
    return asks_for(fault, DOOR_OPEN, within_ms=due_within(60 * MINUTE_MS, world.device(fault.device_id)))


def _no_fault(fault: Fault, world: World) -> Label:
    return asks_for_nothing(fault)


CABINET_LABELS: Final = {
    CABINET_OUTAGE: _outage,
    FEEDER_FAULT: _feeder_fault,
    CIRCUIT_UNLIT: _circuit_unlit,
    CIRCUIT_DAY_BURNER: _circuit_day_burner,
    VOLTAGE_SAG: _voltage,
    VOLTAGE_SWELL: _voltage,
    VOLTAGE_DIP: _no_fault,
    DOOR_OPEN: _door_open,
    CABINET_VISIT: _no_fault,
}
