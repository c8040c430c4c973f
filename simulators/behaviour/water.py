"""Water as sensors see it: in wells and drains, on roads, and falling from the sky.

The truth is the drainage's (`World.drainage`) and the weather's; here is what an instrument makes of it.
"""

from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.drainage.manhole_positions import is_rain_gauge
from simulators.noise.seeded import normal
from simulators.world.state import World

WELL_NOISE_M: Final = 0.005
LEVEL_NOISE_M: Final = 0.01
PONDING_NOISE_CM: Final = 0.2
_FLOW_NOISE: Final = 0.03
TIP_MM: Final = 0.2
"""What one tip of a rain gauge's bucket holds. Source: WMO-No. 8, 0.1 to 0.5 mm, 0.2 the usual one [mem]."""

_RATE_OVER_MS: Final = MINUTE_MS


def well_level_m(cover: Device, world: World, at_ms: int) -> float:
    """The water in the well below a cover, from its bottom, to the millimetre; 0 in wells that are on no drain."""
    manhole = world.manhole_position(cover.device_id).drain
    if manhole is None:
        return 0.0
    depth_m = world.drainage.depth_m(manhole, at_ms)
    return max(0.0, round(depth_m + WELL_NOISE_M * normal(world.key(cover.device_id), at_ms, 3), 3))


def water_readings(monitor: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a water monitor measures, by its sort: level and flow of its drain, the water on its road, or the rain.

    Units: water_level m above the drain's bed, flow_rate m3/h, ponding_depth cm, rainfall mm since the last report.
    """
    if is_rain_gauge(monitor):
        return _rain_readings(monitor, world, at_ms)
    key, position = world.key(monitor.device_id), world.manhole_position(monitor.device_id)
    readings: dict[str, Reading] = {}
    if position.drain is not None:
        level_m = world.drainage.depth_m(position.drain, at_ms) + LEVEL_NOISE_M * normal(key, at_ms, 3)
        flow_m3_h = world.drainage.flow_m3_h(position.drain, at_ms) * (1 + _FLOW_NOISE * normal(key, at_ms, 1))
        readings["water_level"] = max(0.0, round(level_m, 3))
        readings["flow_rate"] = round(flow_m3_h, 1)
    if position.road is not None:
        ponding_cm = world.drainage.ponding_cm(position.road, at_ms)
        noise_cm = PONDING_NOISE_CM * normal(key, at_ms, 4) if ponding_cm > 0 else 0.0
        readings["ponding_depth"] = max(0.0, round(ponding_cm + noise_cm, 1))
    return readings


def _rain_readings(gauge: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """Tips of the bucket since the last report, and in the last minute."""
    before_ms = at_ms - 1000 * gauge.report_interval_s
    minute_tips = _tips(world, at_ms) - _tips(world, at_ms - _RATE_OVER_MS)
    return {
        "rainfall": round((_tips(world, at_ms) - _tips(world, before_ms)) * TIP_MM, 1),
        "rain_rate": round(minute_tips * TIP_MM * HOUR_MS / _RATE_OVER_MS, 1),
    }


def _tips(world: World, at_ms: int) -> int:
    """How often the bucket has tipped since the simulation began."""
    return int(world.weather.rainfall_mm(world.start_ms, max(at_ms, world.start_ms)) / TIP_MM)
