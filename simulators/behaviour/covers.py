"""Covers over wells: nearly level and shut, shaken by what drives over them."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from domain.time.units import HOUR_MS
from simulators.behaviour.gas import gas_readings
from simulators.behaviour.water import well_level_m
from simulators.city.equipment import has_gas_sensor
from simulators.faults.covers import (
    COVER_LOOSE,
    COVER_MISSING,
    COVER_MOVED,
    COVER_OPEN,
    COVER_TILTED,
    MAINTENANCE,
    TRAFFIC,
)
from simulators.faults.fault import Fault
from simulators.noise.seeded import mixed, normal, uniform, wander
from simulators.world.state import World

_OPEN: Final = frozenset({COVER_OPEN, COVER_MISSING, MAINTENANCE})
_LEVEL_CEL: Final = 15.0
_AT_REST_M_S2: Final = 0.04
_LORRY_M_S2: Final = 2.5
_DEG_PER_M_S2: Final = 0.25
_FURTHEST_DEG: Final = 1.8
"""A lid in its frame has only so much play, whatever drives over it."""
_HEAVIEST: Final = 4.0


@dataclass(frozen=True, slots=True)
class _Lid:
    """How a cover lies in its frame: `tilt_deg` when it was put in, and how far it follows the frost and the sun.

    `traffic` is the chance that something drives over it in the second of a report in the rush hour.
    """

    tilt_deg: float
    deg_per_cel: float
    traffic: float


@lru_cache(maxsize=1 << 17)
def _lid(key: int) -> _Lid:
    return _Lid(
        uniform(key, 1, low=0.4, high=3.0),
        uniform(key, 2, low=-0.012, high=0.012),
        uniform(key, 5, low=0.02, high=0.35),
    )


def cover_readings(cover: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a cover's sensor measures: `cover_open` is its own contact, apart from the tilt.

    Resolution: a tenth of a degree, 0.01 m/s2. `vibration` is the strongest shake of the second before the report.
    """
    key = world.key(cover.device_id)
    now = world.conditions.at(at_ms)
    fault = world.faults.on(cover.device_id, at_ms)
    lid, noise = _lid(key), mixed(key, at_ms)
    shake_m_s2 = _shake_m_s2(noise, lid.traffic * rush(world.sky.local_hour(at_ms)), fault)
    still_deg = lid.tilt_deg + lid.deg_per_cel * (now.air_cel - _LEVEL_CEL)
    tilt_deg = still_deg if fault is None else _tilt_deg(still_deg, fault, key, at_ms)
    tilt_deg += (0.08 + min(_FURTHEST_DEG, _DEG_PER_M_S2 * shake_m_s2)) * normal(noise, 1)
    readings: dict[str, Reading] = {
        "tilt_angle": round(min(180.0, abs(tilt_deg)), 1),
        "cover_open": fault is not None and fault.kind in _OPEN,
        "vibration": round(shake_m_s2, 2),
        "well_water_level": well_level_m(cover, world, at_ms),
    }
    if has_gas_sensor(cover):
        readings.update(gas_readings(cover, world, at_ms, now.water_cel))
    return readings


def _tilt_deg(still_deg: float, fault: Fault, key: int, at_ms: int) -> float:
    match fault.kind:
        case kind if kind in (COVER_OPEN, MAINTENANCE):
            return 40 + 45 * fault.size
        case kind if kind == COVER_TILTED:
            return 17 + 10 * fault.size
        case kind if kind == COVER_MOVED:
            return 16.5 + 11 * fault.size
        case kind if kind == COVER_MISSING:
            return 97 + 70 * (fault.size * 2 % 1) + 5 * wander(key, at_ms, HOUR_MS, 0)
        case kind if kind == COVER_LOOSE:
            return still_deg + (5.5 + 5 * fault.size) * (mixed(key, at_ms, 7) & 1)
    return still_deg


def _shake_m_s2(noise: int, traffic: float, fault: Fault | None) -> float:
    """The strongest acceleration of the second: next to nothing, but when something drives over the cover."""
    heavy = 1.0
    if fault is not None and fault.kind == TRAFFIC:
        traffic, heavy = 0.9, 1.5 + 2 * fault.size
    still_m_s2 = _AT_REST_M_S2 * (0.5 + (noise & 0xFFFF) / 65536)
    if (noise >> 16 & 0xFFFF) / 65536 >= traffic:
        return still_m_s2
    return still_m_s2 + _LORRY_M_S2 * heavy * min(_HEAVIEST, -math.log(1 - (noise >> 32) / (1 << 32))) / 2


@lru_cache(maxsize=1440)
def rush(hour: float) -> float:
    """How much traffic there is at this hour of the day, 0.05 at night to 1 at a quarter to eight and to six."""
    morning, evening = (math.exp(-(((hour - peak) / 1.3) ** 2)) for peak in (7.75, 17.75))
    return min(1.0, 0.05 + 0.4 * math.exp(-(((hour - 13) / 5) ** 2)) + 0.6 * (morning + evening))
