"""Gas in sewage wells: a little always, more on warm days and in still nights."""

from collections.abc import Mapping
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from domain.time.units import HOUR_MS
from simulators.faults.gas import (
    HYDROGEN_SULPHIDE,
    METHANE,
    OXYGEN_LOW,
    extra_h2s_ppm,
    extra_methane_lel,
    lack_of_oxygen,
)
from simulators.noise.seeded import mixed, normal, wander
from simulators.world.state import World

_AIR_OXYGEN: Final = 20.9
_SETTLES_MS: Final = 3 * HOUR_MS


def gas_readings(cover: Device, world: World, at_ms: int, water_cel: float) -> Mapping[str, Reading]:
    """What the gas sensors in a well measure: ch4_lel %LEL and oxygen % to a tenth, h2s ppm to a tenth.

    Where it is still and warm, more is rotting: gas doubles with ten degrees, and is least when the town uses most water.
    """
    key = world.key(cover.device_id)
    noise = mixed(key, at_ms, 70)
    rotting = 2 ** ((min(30.0, water_cel) - 20) / 10) * (1.15 - 0.3 * _stirred(world.sky.local_hour(at_ms)))
    rotting *= (0.3 + 0.7 * (key & 0xFFFF) / 65536) * (1 + 0.25 * wander(key, at_ms, _SETTLES_MS, 16))
    methane_lel, h2s_ppm, oxygen = 3.0 * rotting, 1.0 * rotting, _AIR_OXYGEN - 0.12 * rotting
    fault = world.faults.on(cover.device_id, at_ms)
    if fault is not None:
        match fault.kind:
            case kind if kind == METHANE:
                methane_lel += extra_methane_lel(fault, at_ms)
            case kind if kind == HYDROGEN_SULPHIDE:
                h2s_ppm += extra_h2s_ppm(fault, at_ms)
            case kind if kind == OXYGEN_LOW:
                oxygen -= lack_of_oxygen(fault, at_ms)
    return {
        "ch4_lel": round(min(100.0, max(0.0, methane_lel + 0.2 * normal(noise, 1))), 1),
        "h2s": round(max(0.0, h2s_ppm + 0.1 * normal(noise, 2)), 1),
        "oxygen": round(oxygen + 0.05 * normal(noise, 3), 1),
    }


def _stirred(hour: float) -> float:
    """How much the sewer flows, 0 in the small hours to 1 from breakfast to bedtime."""
    return min(1.0, max(0.0, (hour - 4) / 4)) if hour < 12 else min(1.0, (26 - hour) / 5)
