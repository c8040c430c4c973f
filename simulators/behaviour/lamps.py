"""Lamps and the cabinets that feed them: on from sunset to sunrise, dimmed in the small hours."""

from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from simulators.faults.lamps import LAMP_DEAD
from simulators.noise import normal, uniform
from simulators.sky import Sky
from simulators.world import World

_DIMMED_FROM_H: Final = 23.0
_DIMMED_UNTIL_H: Final = 5.0
_DIMMED_LEVEL: Final = 60.0
_STANDBY_W: Final = 0.8
_SLOWEST_SWITCH_MS: Final = 60_000
_MAINS_V: Final = 228.0


def dimming_level(sky: Sky, at_ms: int) -> float:
    """The city's lighting plan in percent: 0 by day, 100 from sunset, 60 from 23:00 to 05:00, 100 until sunrise."""
    if not sky.is_night(at_ms):
        return 0.0
    hour = sky.local_hour(at_ms)
    return _DIMMED_LEVEL if hour >= _DIMMED_FROM_H or hour < _DIMMED_UNTIL_H else 100.0


def lamp_readings(lamp: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a lamp's controller measures. A lamp that is out is still told its level, but draws only standby power.

    Each lamp follows the plan with its own delay of up to a minute.
    """
    key, sky = world.key(lamp.device_id), world.sky
    level = dimming_level(sky, at_ms - int(uniform(key, 1) * _SLOWEST_SWITCH_MS))
    lit = level > 0 and not world.fault(lamp.device_id, LAMP_DEAD, at_ms)
    if lit:
        power_w = float(lamp.attributes["nominal_power"]) * level / 100 * (1 + 0.015 * normal(key, at_ms, 2))
        factor = 0.93 + 0.04 * level / 100 + 0.004 * normal(key, at_ms, 3)
    else:
        power_w = _STANDBY_W + 0.05 * normal(key, at_ms, 2)
        factor = 0.35 + 0.01 * normal(key, at_ms, 3)
    voltage_v = _mains_v(sky, at_ms, key)
    return {
        "dimming_level": level,
        "active_power": round(power_w, 2),
        "voltage": round(voltage_v, 1),
        "current": round(power_w / (voltage_v * factor), 4),
        "power_factor": round(factor, 3),
    }


def cabinet_readings(cabinet: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a cabinet's meter measures: its lamps' power as planned, and the mains.

    Lamps that are out do not show: one of thirty is less than the meter's noise would let anyone see.
    """
    key, sky = world.key(cabinet.device_id), world.sky
    connected_w = float(cabinet.attributes["nominal_power"])
    standby_w = _STANDBY_W * float(cabinet.attributes["lamps"])
    power_w = max(connected_w * dimming_level(sky, at_ms) / 100, standby_w) * (1 + 0.01 * normal(key, at_ms, 2))
    voltage_v = _mains_v(sky, at_ms, key)
    return {
        "active_power": round(power_w, 1),
        "voltage": round(voltage_v, 1),
        "current": round(power_w / (voltage_v * 0.95), 3),
        "mains_present": True,
        "door_open": False,
    }


def _mains_v(sky: Sky, at_ms: int, key: int) -> float:
    """Mains voltage: lowest in the evening peak, highest before dawn."""
    evening = max(0.0, 1 - abs(sky.local_hour(at_ms) - 20) / 4)
    return _MAINS_V + uniform(key, 4, low=-2.5, high=2.5) - 4 * evening + 0.8 * normal(key, at_ms, 5)
