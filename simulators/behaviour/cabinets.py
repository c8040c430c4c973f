"""Cabinets: what their meters make of the lamps behind them, of the mains, and of the door."""

from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from domain.time.units import MINUTE_MS
from simulators.behaviour.counters import circuit_energy_kwh
from simulators.behaviour.driver import (
    STANDBY_W,
    WARM_AFTER_MS,
    drawn_w,
    planned,
    share_of_power,
    temperature_factor,
)
from simulators.behaviour.lamps import burning
from simulators.behaviour.mains import busbar_v
from simulators.city.circuits import AGED_FROM_MS, YEAR_MS, Circuit, LampGroup
from simulators.faults.cabinets import CABINET_VISIT, DOOR_OPEN, VOLTAGE_DIP, VOLTAGE_SAG, VOLTAGE_SWELL
from simulators.noise.seeded import normal
from simulators.world.state import World

_LONGEST_DELAY_MS: Final = MINUTE_MS
_POWER_FACTOR: Final = 0.95
_DOOR_OPEN: Final = frozenset((DOOR_OPEN, CABINET_VISIT))
_LAMPS_KNOW_NOTHING: Final = frozenset((DOOR_OPEN, CABINET_VISIT, VOLTAGE_SAG, VOLTAGE_SWELL, VOLTAGE_DIP))
"""Faults of a cabinet that change nothing in what its lamps draw: drivers hold their power in a sag."""


def carried_w(circuit: Circuit, world: World, at_ms: int) -> float:
    """What the lamps of a cabinet truly draw together.

    It is the sum over all its lamps, each with its faults. While all lamps of a plan burn alike, it is taken from their
    summed powers, and only the faulty ones are asked: a quarter of the time.
    """
    above = world.faults.on(circuit.cabinet_id, at_ms)
    if above is not None and above.kind not in _LAMPS_KNOW_NOTHING:
        return sum(burning(lantern, world, at_ms)[1] for lantern in circuit.lanterns)
    return sum(_group_w(group, world, at_ms) for group in circuit.groups)


def _group_w(group: LampGroup, world: World, at_ms: int) -> float:
    level = _common_level(group, world, at_ms)
    if level is None:
        return sum(burning(lantern, world, at_ms)[1] for lantern in group.lanterns)
    if level > 0:
        full_w = group.full_w + group.per_year_w * (at_ms - AGED_FROM_MS) / YEAR_MS
        total_w = full_w * share_of_power(level) * temperature_factor(world.conditions, at_ms)
    else:
        total_w = STANDBY_W * len(group.lanterns)
    on = world.faults.on
    for lantern in group.lanterns:
        if on(lantern.device_id, at_ms) is not None:
            sound_w = drawn_w(lantern, world, at_ms, *planned(lantern, world, at_ms))
            total_w += burning(lantern, world, at_ms)[1] - sound_w
    return total_w


def _common_level(group: LampGroup, world: World, at_ms: int) -> float | None:
    """The level of all lamps of a plan, None while they switch, warm up or follow a step one after the other."""
    sky = world.sky
    night = sky.night(at_ms, group.plan.switch_at_deg)
    first_on_ms = night.from_ms + group.lightest_deg * night.from_ms_per_deg
    last_off_ms = night.until_ms - group.lightest_deg * night.until_ms_per_deg
    if not first_on_ms <= at_ms < last_off_ms:
        return 0.0
    last_warm_ms = night.from_ms + group.darkest_deg * night.from_ms_per_deg + WARM_AFTER_MS
    first_off_ms = night.until_ms - group.darkest_deg * night.until_ms_per_deg
    level = group.plan.level(sky.local_hour(at_ms))
    if not last_warm_ms <= at_ms < first_off_ms or level != group.plan.level(sky.local_hour(at_ms - _LONGEST_DELAY_MS)):
        return None
    return level


def cabinet_readings(cabinet: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a cabinet's meter measures: all its lamps really draw, over three phases together; the mains; the door.

    Units: `current` is the sum of the three phases. Cable losses are left out: under 2 %. A cabinet without
    a `door_contact` reports nothing of its door; one whose attribute `counters` is true reports `active_energy` (kWh).
    """
    circuit, key = world.circuits.cabinets[cabinet.device_id], world.key(cabinet.device_id)
    fault = world.faults.on(cabinet.device_id, at_ms)
    readings: dict[str, Reading] = {}
    if cabinet.attributes.get("door_contact", True):
        readings["door_open"] = fault is not None and fault.kind in _DOOR_OPEN
    if cabinet.attributes.get("counters", False):
        readings["active_energy"] = round(circuit_energy_kwh(circuit, world, at_ms), 3)
    true_v = busbar_v(world.sky, circuit.busbar_v, at_ms, fault)
    if true_v <= 0:
        return {"active_power": 0.0, "voltage": 0.0, "current": 0.0, "mains_present": False, **readings}
    power_w = carried_w(circuit, world, at_ms) * (1 + 0.003 * normal(key, at_ms, 2))
    voltage_v = true_v + 0.4 * normal(key, at_ms, 5)
    return {
        "active_power": round(power_w, 1),
        "voltage": round(voltage_v, 1),
        "current": round(power_w / (voltage_v * _POWER_FACTOR), 3),
        "mains_present": True,
        **readings,
    }
