"""Lamps: what each draws by sun, plan, age, air and fault, and what its controller tells of that."""

import math
from functools import lru_cache
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from simulators.behaviour.mains import busbar_v, is_on_dark_feeder
from simulators.circuits import AGED_FROM_MS, YEAR_MS, Lantern
from simulators.conditions import Conditions
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
from simulators.noise import normal
from simulators.world import World

STANDBY_W: Final = 0.8
WARM_AFTER_MS: Final = 40 * 60_000
_SOFT_START_MS: Final = 4_000
_COLD_EXTRA: Final = 0.03
_WARMS_IN_MS: Final = 8 * 60_000
_PER_KELVIN: Final = -0.0007
"""A string of LEDs has a lower forward voltage when warm: about -2 mV/K of 3 V."""


_OUT: Final = frozenset((LAMP_DEAD, LAMP_BLINK))


def planned(lantern: Lantern, world: World, at_ms: int) -> tuple[float, float]:
    """(the level that the plan gives a lamp, percent; for how long it has been on, ms)."""
    sky = world.sky
    on_ms, off_ms = lantern.burning_hours(sky, at_ms)
    if not on_ms <= at_ms < off_ms:
        return 0.0, 0.0
    return lantern.plan.level(sky.local_hour(at_ms - lantern.delay_ms)), at_ms - on_ms


def share_of_power(level: float) -> float:
    """The share of its full power that a driver draws at a level in (0, 100]: its own losses do not dim."""
    return 0.02 + 0.0098 * level


def temperature_factor(world: World, at_ms: int) -> float:
    """Power in the air as it is against that at 25 degrees, in steps of a minute."""
    return _factor_of_minute(world.conditions, at_ms // 60_000)


@lru_cache(maxsize=64)
def _factor_of_minute(conditions: Conditions, minute: int) -> float:
    return 1 + _PER_KELVIN * (conditions.at(minute * 60_000).air_cel - 25)


def drawn_w(lantern: Lantern, world: World, at_ms: int, level: float, lit_ms: float) -> float:
    """What a sound lamp truly draws at a level; above that of a warm one for a while, below in the first seconds."""
    if level <= 0:
        return STANDBY_W
    full_w = lantern.full_w + lantern.per_year_w * (at_ms - AGED_FROM_MS) / YEAR_MS
    power_w = full_w * share_of_power(level) * temperature_factor(world, at_ms)
    if lit_ms < WARM_AFTER_MS:
        power_w *= 1 + _COLD_EXTRA * math.exp(-lit_ms / _WARMS_IN_MS)
        if lit_ms < _SOFT_START_MS:
            power_w *= 0.3 + 0.7 * lit_ms / _SOFT_START_MS
    return power_w


def burning(lantern: Lantern, world: World, at_ms: int) -> tuple[float, float]:
    """(the level that a lamp is told, percent; what it truly draws, W) with whatever is wrong with it or above it."""
    level, lit_ms = planned(lantern, world, at_ms)
    on = world.faults.on
    above = None if lantern.cabinet_id is None else on(lantern.cabinet_id, at_ms)
    if above is not None:
        if above.kind == CABINET_OUTAGE:
            return level, 0.0
        if above.kind == CIRCUIT_UNLIT:
            return 0.0, STANDBY_W
        if above.kind == CIRCUIT_DAY_BURNER and level == 0:
            return 0.0, drawn_w(lantern, world, at_ms, 100.0, WARM_AFTER_MS)
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
    if kind == DAY_BURNER and level == 0:
        return 0.0, drawn_w(lantern, world, at_ms, 100.0, WARM_AFTER_MS)
    if kind == LOW_POWER and level > 0:
        return level, power_left(own) * drawn_w(lantern, world, at_ms, level, lit_ms)
    if kind == LAMP_TESTED:
        level, lit_ms = 100.0, float(at_ms - own.start_ms)
    elif kind == DIMMING_CHANGED and level > 0:
        level = level_ordered(own)
    return level, drawn_w(lantern, world, at_ms, level, lit_ms)


def lamp_readings(lamp: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a lamp's controller measures.

    A lamp that is out is still told its level, but draws only standby power.
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
    return readings
