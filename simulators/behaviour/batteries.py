"""Batteries: empty after two and a half to six years, sooner in the cold and where much is sent; changed in time."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from domain.devices import Device
from domain.time.units import DAY_MS
from simulators.faults.sensors import BATTERY_DYING, charge_left
from simulators.noise.seeded import normal, uniform
from simulators.world.state import World

_YEAR_MS: Final = 365.25 * DAY_MS
_COLDEST_DAY: Final = 20.0
_WINTER: Final = 0.15
"""How much more a battery gives in January than in April: radios and sensors draw more, and self-discharge is less."""
_SHORTEST_YEARS, _LONGEST_YEARS = 2.5, 6.0
_STANDBY_YEARS: Final = (5.5, 7.0)
_YEARS_PER_DAILY_MESSAGE: Final = 9e-4
"""A message a day takes so much off one year of life a year: 144 a day halve the life of a sensor that only sleeps."""
_CHANGED_AT: Final = (25.0, 40.0)


@dataclass(frozen=True, slots=True)
class _Battery:
    """`years` from full to changed at `changed_at` percent, as a clock on which it was new at 0, 1, 2…"""

    years: float
    changed_at: float
    offset: float


@lru_cache(maxsize=1 << 17)
def _battery(key: int, report_interval_s: int) -> _Battery:
    a_year = 1 / uniform(key, 81, low=_STANDBY_YEARS[0], high=_STANDBY_YEARS[1])
    life = 1 / (a_year + _YEARS_PER_DAILY_MESSAGE * 86_400 / report_interval_s)
    life = min(_LONGEST_YEARS, max(_SHORTEST_YEARS, life))
    changed_at = uniform(key, 82, low=_CHANGED_AT[0], high=_CHANGED_AT[1])
    return _Battery(life * (1 - changed_at / 100), changed_at, uniform(key, 83))


def battery_level(device: Device, world: World, at_ms: int) -> float:
    """Percent of a new battery's charge. It only falls, but for the day it is changed, at 40 to 25 %."""
    key = world.key(device.device_id)
    fault = world.fault(device.device_id, BATTERY_DYING, at_ms)
    if fault is None:
        return _healthy_level(key, device.report_interval_s, at_ms)
    return _healthy_level(key, device.report_interval_s, fault.start_ms) * charge_left(fault, at_ms)


def battery_readings(device: Device, world: World, at_ms: int, air_cel: float) -> dict[str, float]:
    """What a device reports of its battery: whole percents, as its gauge counts them, and the voltage to 10 mV."""
    level = battery_level(device, world, at_ms)
    noise_v = 0.004 * normal(world.key(device.device_id), at_ms, 84)
    return {
        "battery_level": float(round(level)),
        "battery_voltage": round(battery_voltage_v(level, air_cel) + noise_v, 2),
    }


def battery_voltage_v(level: float, cel: float) -> float:
    """The voltage of a lithium thionyl chloride cell: flat at 3.65 V, gone at the end, and lower in the cold.

    Source: the shape of makers' discharge curves for ER34615 cells [mem]; 3 mV a degree below 20.
    """
    return 3.66 - 0.0004 * (100 - level) - 0.9 * math.exp(-level / 5) - 0.003 * max(0.0, 20 - cel)


def _healthy_level(key: int, report_interval_s: int, at_ms: int) -> float:
    battery = _battery(key, report_interval_s)
    angle = 2 * math.pi * (at_ms - _COLDEST_DAY * DAY_MS) / _YEAR_MS
    years = at_ms / _YEAR_MS + _WINTER / (2 * math.pi) * math.sin(angle)
    return 100 - (100 - battery.changed_at) * ((years / battery.years + battery.offset) % 1.0)
