"""Faults of sensors: the city is well, but what looks at it is not."""

import math
from typing import TYPE_CHECKING, Final

from domain.devices import Device
from domain.time_units import DAY_MS, HOUR_MS, MINUTE_MS
from simulators.drainage.seats import measures_drain
from simulators.faults.fault import Fault
from simulators.faults.silence import speaks_seldom, told_after_ms
from simulators.faults.spec import FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.fittings import is_quality_station, on_battery
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

OFFLINE: Final = "offline"
SLEEPER_OFFLINE: Final = "sleeper-offline"
BATTERY_DYING: Final = "battery-dying"
SENSOR_STUCK: Final = "sensor-stuck"
SENSOR_DRIFTING: Final = "sensor-drifting"
SENSOR_NOISY: Final = "sensor-noisy"

_TICKS_MS: Final = 10 * MINUTE_MS
DIES_AT: Final = 0.75
"""The share of its fault after which a dying battery is dead."""
_LOW: Final = 0.2
_STUCK_FOR_MS: Final = {"water_level": 14 * HOUR_MS, "dissolved_oxygen": 34 * HOUR_MS, "conductivity": 34 * HOUR_MS}
_LEVEL_FOLLOWS: Final = ("water-level-high", "pipe-blocked", "overflow", "ponding")
_DRY_M: Final = 0.09
_BARELY_DRIFTS: Final = 0.4
_BARELY_NOISY, _HARDLY_NOISY = 0.2, 0.35


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
    return 1 - (1 - _sensitivity_at_end(fault)) * fault.progress(at_ms)


def noise_m(fault: Fault) -> float:
    """The standard error of a noisy level sensor, 0.4 to 4.4 m."""
    return 0.4 + 4 * fault.size


def _sensitivity_at_end(fault: Fault) -> float:
    if fault.size < _BARELY_DRIFTS:
        return 0.95 - 0.5 * fault.size
    return 0.30 - 0.15 * (fault.size - _BARELY_DRIFTS) / (1 - _BARELY_DRIFTS)


def _speaks_for_itself(device: Device) -> bool:
    return device.kind in ("streetlight", "manhole_cover", "water_monitor")


def _speaks_often(device: Device) -> bool:
    return _speaks_for_itself(device) and not speaks_seldom(device)


def _sleeps(device: Device) -> bool:
    return _speaks_for_itself(device) and speaks_seldom(device)


def _in_water(device: Device) -> bool:
    return measures_drain(device) or is_quality_station(device)


def _offline(fault: Fault, world: "World") -> Label:
    """Nobody asks after a short silence; one that its last and next report may make too long is no error either way."""
    device = world.device(fault.device_id)
    silence_ms, interval_ms, lasts_ms = told_after_ms(device), _interval_ms(device), fault.end_ms - fault.start_ms
    if lasts_ms >= silence_ms + MINUTE_MS:
        return asks_for(fault, "offline", within_ms=silence_ms + _TICKS_MS, explains=("link-lost",))
    if lasts_ms + 2 * interval_ms < silence_ms:
        return asks_for_nothing(fault)
    return asks_for_nothing(fault, explains=("offline", "link-lost"))


def _battery_dying(fault: Fault, world: "World") -> Label:
    """To be told before it is dead: at the latest when a battery that was full has fallen to 20 %."""
    lasts_ms, interval_ms = fault.end_ms - fault.start_ms, _interval_ms(world.device(fault.device_id))
    falls_ms = int(DIES_AT * math.pow(1 - _LOW, 1 / (1 + fault.size)) * lasts_ms)
    dies_between_reports = DIES_AT * lasts_ms - falls_ms < interval_ms
    return asks_for(
        fault,
        "battery-low",
        "battery-draining",
        within_ms=falls_ms + 2 * interval_ms,
        explains=("offline", "link-lost", "battery-low", "battery-draining"),
        hard="it may be dead before its next report" if dies_between_reports else "",
    )


def _sensor_stuck(fault: Fault, world: "World") -> Label:
    """Asked for after half a day, of what breathes with the day after more than one; a dry drain says always the same."""
    device = world.device(fault.device_id)
    told_ms = _STUCK_FOR_MS[faulty_quantity(device, fault)] + 2 * _interval_ms(device)
    follows = ("water-quality", *_LEVEL_FOLLOWS)
    drain = world.seat(fault.device_id).drain
    is_dry = drain is not None and world.drainage.depth_m(drain, fault.start_ms) < _DRY_M
    if is_dry or fault.end_ms - fault.start_ms < told_ms:
        return asks_for_nothing(fault, explains=("sensor-stuck", *follows))
    return asks_for(fault, "sensor-stuck", within_ms=told_ms, explains=follows)


def _sensor_drifting(fault: Fault, world: "World") -> Label:
    """Asked for once what it says cannot be true: oxygen of a third of the truth falls short of class III anywhere.

    A level that is half a metre off looks like any other level.
    """
    device, lasts_ms = world.device(fault.device_id), fault.end_ms - fault.start_ms
    third = (1 - 0.33) / (1 - _sensitivity_at_end(fault))
    within_ms = int(third * lasts_ms) + 2 * _interval_ms(device) + _TICKS_MS
    if not is_quality_station(device) or within_ms > lasts_ms:
        return asks_for_nothing(fault, explains=("sensor-drifting", "water-quality", *_LEVEL_FOLLOWS))
    return asks_for(fault, "sensor-drifting", "water-quality", within_ms=within_ms, explains=("water-quality",))


def _sensor_noisy(fault: Fault, world: "World") -> Label:
    if fault.size < _BARELY_NOISY:
        return asks_for_nothing(fault, explains=("sensor-noisy", *_LEVEL_FOLLOWS))
    hard = f"errors of {noise_m(fault):.1f} m are near to what rain does" if fault.size < _HARDLY_NOISY else ""
    return asks_for(fault, "sensor-noisy", within_ms=2 * HOUR_MS, explains=_LEVEL_FOLLOWS, hard=hard)


def _interval_ms(device: Device) -> int:
    return device.report_interval_s * 1000


SENSOR_FAULTS: Final = (
    FaultSpec(OFFLINE, Layer.SENSOR, (HOUR_MS // 4, 4 * HOUR_MS), _speaks_often, _offline),
    FaultSpec(SLEEPER_OFFLINE, Layer.SENSOR, (8 * HOUR_MS, 80 * HOUR_MS), _sleeps, _offline),
    FaultSpec(BATTERY_DYING, Layer.SENSOR, (12 * HOUR_MS, 3 * DAY_MS), on_battery, _battery_dying),
    FaultSpec(SENSOR_STUCK, Layer.SENSOR, (10 * HOUR_MS, 2 * DAY_MS), _in_water, _sensor_stuck),
    FaultSpec(SENSOR_DRIFTING, Layer.SENSOR, (16 * HOUR_MS, 2 * DAY_MS), _in_water, _sensor_drifting),
    FaultSpec(SENSOR_NOISY, Layer.SENSOR, (3 * HOUR_MS, 12 * HOUR_MS), measures_drain, _sensor_noisy),
)
