"""Water monitors: level and flow of a drain, and the water standing on the road above it."""

from domain.devices import Device
from domain.telemetry import Reading
from simulators.behaviour.covers import daily_demand
from simulators.noise import normal, uniform
from simulators.world import World


def water_readings(monitor: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a water monitor measures: flow with the town's day; ponding only while the drain cannot take the water.

    Units: water_level m above the drain's bed, ponding_depth cm, flow_rate m3/h.
    """
    key, sky = world.key(monitor.device_id), world.sky
    demand = daily_demand(sky.local_hour(at_ms))
    flow_m3_h = float(monitor.attributes["mean_flow_m3_h"]) * (0.5 + demand) * (1 + 0.03 * normal(key, at_ms, 1))
    level_m = uniform(key, 2, low=0.6, high=0.9) + 0.5 * demand + 0.01 * normal(key, at_ms, 3)
    return {
        "water_level": round(level_m, 3),
        "ponding_depth": 0.0,
        "flow_rate": round(flow_m3_h, 1),
    }
