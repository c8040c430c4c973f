"""Covers over wells: nearly level and shut, with water below that follows the city's day."""

import math
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from simulators.faults.covers import COVER_OPEN, COVER_TILTED
from simulators.noise import normal, uniform
from simulators.sky import Sky
from simulators.world import World

_YEAR_MS: Final = 365 * 86_400_000


def cover_readings(cover: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a cover's sensor measures: `cover_open` is its own contact, apart from the tilt."""
    key = world.key(cover.device_id)
    open_fault = world.fault(cover.device_id, COVER_OPEN, at_ms)
    tilted = world.fault(cover.device_id, COVER_TILTED, at_ms)
    tilt_deg = uniform(key, 1, low=0.3, high=3.0) + 0.15 * normal(key, at_ms, 2)
    if open_fault:
        tilt_deg = 40 + 45 * open_fault.size + 0.5 * normal(key, at_ms, 2)
    elif tilted:
        tilt_deg = 17 + 10 * tilted.size + 0.3 * normal(key, at_ms, 2)
    level_m = _water_m(cover, key, world.sky, at_ms)
    return {
        "tilt_angle": round(max(0.0, tilt_deg), 1),
        "cover_open": open_fault is not None,
        "well_water_level": round(max(0.0, level_m), 3),
        "battery_level": battery_level(key, at_ms),
    }


def battery_level(key: int, at_ms: int) -> float:
    """Percent, falling from 100 to 20 over two and a half to four years, then changed for a new one."""
    life_ms = uniform(key, 8, low=2.5, high=4.0) * _YEAR_MS
    return round(100 - 80 * ((at_ms / life_ms + uniform(key, 9)) % 1.0), 1)


def _water_m(cover: Device, key: int, sky: Sky, at_ms: int) -> float:
    depth_m = float(cover.attributes["well_depth_m"])
    noise_m = 0.005 * normal(key, at_ms, 3)
    match cover.attributes["cover_class"]:
        case "sewage":
            return depth_m * (0.18 + 0.06 * daily_demand(sky.local_hour(at_ms))) + noise_m
        case "storm":
            return depth_m * uniform(key, 4, low=0.03, high=0.12) + noise_m
    return 0.0


def daily_demand(hour: float) -> float:
    """How much water a town uses at this hour of its day, 0 to about 1: little at night, most at 7:30 and 19:30."""
    morning, evening = (math.exp(-(((hour - peak) / 2.2) ** 2)) for peak in (7.5, 19.5))
    return 0.15 + 0.35 * math.exp(-(((hour - 13) / 5) ** 2)) + 0.5 * (morning + evening)
