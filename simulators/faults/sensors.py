"""Faults of sensors: the city is well, but what looks at it is not."""

import math
from typing import Final

from domain.devices import Device
from domain.time.units import DAY_MS, HOUR_MS
from simulators.city.equipment import is_quality_station, on_battery
from simulators.drainage.manhole_positions import measures_drain
from simulators.faults.fault import Fault
from simulators.faults.silence import reports_seldom
from simulators.faults.spec import FaultSpec, Layer

OFFLINE: Final = "offline"
SLEEPER_OFFLINE: Final = "sleeper-offline"
BATTERY_DYING: Final = "battery-dying"
SENSOR_STUCK: Final = "sensor-stuck"
SENSOR_DRIFTING: Final = "sensor-drifting"
SENSOR_NOISY: Final = "sensor-noisy"

DIES_AT: Final = 0.75
"""The share of its fault after which a dying battery is dead."""
_BARELY_DRIFTS: Final = 0.4


def charge_left(fault: Fault, at_ms: int) -> float:
    """What a dying battery still holds of its charge at the fault's start, 1 to 0; it is dead after 3/4 of the fault."""
    dying = min(1.0, fault.progress(at_ms) / DIES_AT)
    return 1.0 - math.pow(dying, 1 + fault.size)


def faulty_quantity(device: Device, fault: Fault) -> str:
    """Which of its quantities a bad sensor gets wrong."""
    if not is_quality_station(device):
        return "water_level"
    if fault.kind == SENSOR_STUCK and int(fault.size * 1000) % 4 == 0:
        return "conductivity"
    return "dissolved_oxygen"


def sensitivity_left(fault: Fault, at_ms: int) -> float:
    """What a fouled probe still shows of the truth: 1 at the start, down to 0.95 to 0.15 at the end."""
    return 1 - (1 - sensitivity_at_end(fault)) * fault.progress(at_ms)


def noise_m(fault: Fault) -> float:
    """The standard error of a noisy level sensor, 0.4 to 4.4 m."""
    return 0.4 + 4 * fault.size


def sensitivity_at_end(fault: Fault) -> float:
    if fault.size < _BARELY_DRIFTS:
        return 0.95 - 0.5 * fault.size
    return 0.30 - 0.15 * (fault.size - _BARELY_DRIFTS) / (1 - _BARELY_DRIFTS)


def _reports_by_itself(device: Device) -> bool:
    return device.kind in ("streetlight", "manhole_cover", "water_monitor")


def _reports_often(device: Device) -> bool:
    return _reports_by_itself(device) and not reports_seldom(device)


def _sleeps(device: Device) -> bool:
    return _reports_by_itself(device) and reports_seldom(device)


def _in_water(device: Device) -> bool:
    return measures_drain(device) or is_quality_station(device)


SENSOR_FAULTS: Final = (
    FaultSpec(OFFLINE, Layer.SENSOR, (HOUR_MS // 4, 4 * HOUR_MS), _reports_often),
    FaultSpec(SLEEPER_OFFLINE, Layer.SENSOR, (8 * HOUR_MS, 80 * HOUR_MS), _sleeps),
    FaultSpec(BATTERY_DYING, Layer.SENSOR, (12 * HOUR_MS, 3 * DAY_MS), on_battery),
    FaultSpec(SENSOR_STUCK, Layer.SENSOR, (10 * HOUR_MS, 2 * DAY_MS), _in_water),
    FaultSpec(SENSOR_DRIFTING, Layer.SENSOR, (16 * HOUR_MS, 2 * DAY_MS), _in_water),
    FaultSpec(SENSOR_NOISY, Layer.SENSOR, (3 * HOUR_MS, 12 * HOUR_MS), measures_drain),
)
