"""Lamps: what each draws by sun, plan, age, air and fault, and what its controller reports of that."""

import math
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from domain.time.units import MINUTE_MS
from simulators.behaviour.counters import lamp_energy_kwh, lamp_hours
from simulators.behaviour.driver import STANDBY_W, WARM_AFTER_MS, drawn_w, planned, share_of_power
from simulators.behaviour.mains import busbar_v, is_on_dark_feeder
from simulators.city.circuits import Lantern
from simulators.faults.cabinets import CABINET_OUTAGE, CIRCUIT_DAY_BURNER, CIRCUIT_UNLIT
from simulators.faults.fault import Fault
from simulators.faults.lamps import (
    DAY_BURNER,
    DIMMING_CHANGED,
    LAMP_BLINK,
    LAMP_DEAD,
    LAMP_FLICKERS,
    LAMP_TESTED,
    LOW_POWER,
    is_dark,
    level_ordered,
    power_left,
)
from simulators.noise.seeded import normal
from simulators.world.state import World

_GEAR_RISE_K: Final = 28.0
_GEAR_WARMS_IN_MS: Final = 30 * MINUTE_MS
_OUT: Final = frozenset((LAMP_DEAD, LAMP_BLINK))


def burning(lantern: Lantern, world: World, at_ms: int) -> tuple[float, float]:
    """(the level that a lamp is commanded, percent; what it truly draws, W) with whatever is wrong with it or above it."""
    level, lit_ms = planned(lantern, world, at_ms)
    on = world.faults.on
    above = None if lantern.cabinet_id is None else on(lantern.cabinet_id, at_ms)
    if above is not None:
        if above.kind == CABINET_OUTAGE:
            return level, 0.0
        if above.kind == CIRCUIT_UNLIT:
            return 0.0, STANDBY_W
        if above.kind == CIRCUIT_DAY_BURNER:
            return level, drawn_w(lantern, world, at_ms, level or 100.0, WARM_AFTER_MS)
        if is_on_dark_feeder(lantern, world, above):
            return level, STANDBY_W
    own = on(lantern.device_id, at_ms)
    if own is None:
        return level, drawn_w(lantern, world, at_ms, level, lit_ms)
    return _afflicted(lantern, world, at_ms, own, level, lit_ms)


def _afflicted(
    lantern: Lantern, world: World, at_ms: int, own: Fault, level: float, lit_ms: float
) -> tuple[float, float]:
    kind = own.kind
    if kind in _OUT or (kind == LAMP_FLICKERS and is_dark(own, lantern.key, at_ms)):
        return level, STANDBY_W
    if kind == DAY_BURNER:
        return level, drawn_w(lantern, world, at_ms, level or 100.0, WARM_AFTER_MS)
    if kind == LOW_POWER and level > 0:
        return level, power_left(own) * drawn_w(lantern, world, at_ms, level, lit_ms)
    if kind == LAMP_TESTED:
        level, lit_ms = 100.0, float(at_ms - own.start_ms)
    elif kind == DIMMING_CHANGED and level > 0:
        level = level_ordered(own)
    return level, drawn_w(lantern, world, at_ms, level, lit_ms)


def lamp_readings(lamp: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a lamp's controller measures.

    A lamp that is out still has its level, but draws only standby power. Where the attribute `counters` is true the
    controller reports `active_energy` (kWh), `lamp_hours` (h) and `gear_temperature` (degrees Celsius) besides.
    """
    lantern = world.circuits.lanterns[lamp.device_id]
    level, true_w = burning(lantern, world, at_ms)
    key, sky = lantern.key, world.sky
    above = None if lantern.cabinet_id is None else world.faults.on(lantern.cabinet_id, at_ms)
    true_v = busbar_v(sky, lantern.busbar_v, at_ms, above)
    if true_v <= 0:
        return {"dimming_level": level, "active_power": 0.0, "voltage": 0.0, "current": 0.0, "power_factor": 0.0}
    lit = true_w > 2 * STANDBY_W
    noise = normal(key, at_ms, 2)
    if lit:
        dimmed = 1 - (level or 100.0) / 100
        factor = 0.98 - 0.25 * dimmed * dimmed + 0.002 * noise
        power_w = true_w * (1 + 0.004 * normal(key, at_ms, 3))
        true_v -= lantern.drop_v * share_of_power(level or 100.0)
    else:
        factor, power_w = 0.35 + 0.01 * noise, true_w + 0.05 * noise
    voltage_v = true_v + 0.4 * normal(key, at_ms, 5)
    readings: dict[str, Reading] = {
        "dimming_level": level,
        "active_power": round(power_w, 2),
        "voltage": round(voltage_v, 1),
        "current": round(power_w / (voltage_v * factor), 4),
        "power_factor": round(factor, 3),
    }
    if lantern.has_counters:
        readings["lamp_hours"] = round(lamp_hours(lantern, world, at_ms), 2)
        readings["active_energy"] = round(lamp_energy_kwh(lantern, world, at_ms), 4)
        readings["gear_temperature"] = round(_gear_cel(lantern, world, at_ms, true_w) + 0.2 * noise, 1)
    return readings


def _gear_cel(lantern: Lantern, world: World, at_ms: int, true_w: float) -> float:
    """The driver's own temperature: over the air by its load, within an hour of switching on."""
    _, lit_ms = planned(lantern, world, at_ms)
    warmed = 1 - math.exp(-lit_ms / _GEAR_WARMS_IN_MS) if lit_ms else 1.0
    return world.conditions.at(at_ms).air_cel + _GEAR_RISE_K * warmed * true_w / lantern.full_w
