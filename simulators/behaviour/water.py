"""Water monitors: level and flow of a drain, and the water standing on the road above it."""

from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from simulators.behaviour.covers import battery_level, daily_demand
from simulators.faults import Fault, FaultKind
from simulators.noise import normal, uniform
from simulators.sky import Sky

_RAMP: Final = 0.2


def water_readings(monitor: Device, key: int, sky: Sky, at_ms: int, fault: Fault | None) -> dict[str, Reading]:
    """What a water monitor measures: flow with the town's day; ponding only while the drain cannot take the water.

    Units: water_level m above the drain's bed, ponding_depth cm, flow_rate m3/h.
    """
    demand = daily_demand(sky.local_hour(at_ms))
    flow_m3_h = float(monitor.attributes["mean_flow_m3_h"]) * (0.5 + demand) * (1 + 0.03 * normal(key, at_ms, 1))
    level_m = uniform(key, 2, low=0.6, high=0.9) + 0.5 * demand + 0.01 * normal(key, at_ms, 3)
    ponding_cm = 0.0
    if fault and fault.kind is FaultKind.PONDING:
        done = fault.progress(at_ms)
        risen = min(1.0, done / _RAMP, (1 - done) / _RAMP)
        ponding_cm = (18 + 30 * fault.size) * risen + 0.3 * normal(key, at_ms, 4)
        level_m += 1.2 * risen
        flow_m3_h *= 1 + risen
    return {
        "water_level": round(level_m, 3),
        "ponding_depth": round(max(0.0, ponding_cm), 1),
        "flow_rate": round(flow_m3_h, 1),
        "battery_level": battery_level(key, at_ms),
    }
