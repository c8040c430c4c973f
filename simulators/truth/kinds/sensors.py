"""Labels of faults: sensors."""

import math
from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.city.equipment import is_quality_station
from simulators.faults.fault import Fault
from simulators.faults.sensors import (
    BATTERY_DYING,
    DIES_AT,
    OFFLINE,
    SENSOR_DRIFTING,
    SENSOR_NOISY,
    SENSOR_STUCK,
    SLEEPER_OFFLINE,
    faulty_quantity,
    noise_m,
    sensitivity_at_end,
)
from simulators.faults.silence import silent_after_ms
from simulators.truth.kinds.asking import asks_for, asks_for_nothing
from simulators.truth.labels import Label
from simulators.world.state import World

_TICKS_MS: Final = 10 * MINUTE_MS
_LOW: Final = 0.2


_STUCK_FOR_MS: Final = {"water_level": 14 * HOUR_MS, "dissolved_oxygen": 34 * HOUR_MS, "conductivity": 34 * HOUR_MS}
_LEVEL_FOLLOWS: Final = ("water-level-high", "pipe-blocked", "overflow", "ponding")
_DRY_M: Final = 0.09
_BARELY_NOISY, _HARDLY_NOISY = 0.2, 0.35


def _offline(fault: Fault, world: World) -> Label:
    """Nobody asks after a short silence; one that its last and next report may make too long is no error either way."""
    device = world.device(fault.device_id)
    silence_ms, interval_ms, lasts_ms = silent_after_ms(device), _interval_ms(device), fault.end_ms - fault.start_ms
    if lasts_ms >= silence_ms + MINUTE_MS:
        return asks_for(fault, "offline", within_ms=silence_ms + _TICKS_MS, explains=("link-lost",))
    if lasts_ms + 2 * interval_ms < silence_ms:
        return asks_for_nothing(fault)
    return asks_for_nothing(fault, explains=("offline", "link-lost"))


def _battery_dying(fault: Fault, world: World) -> Label:
    """To be raised before it is dead: at the latest when a battery that was full has fallen to 20 %."""
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


def _sensor_stuck(fault: Fault, world: World) -> Label:
    """Asked for after half a day, of what breathes with the day after more than one; a dry drain never changes."""
    device = world.device(fault.device_id)
    due_ms = _STUCK_FOR_MS[faulty_quantity(device, fault)] + 2 * _interval_ms(device)
    follows = ("water-quality", *_LEVEL_FOLLOWS)
    drain = world.manhole_position(fault.device_id).drain
    is_dry = drain is not None and world.drainage.depth_m(drain, fault.start_ms) < _DRY_M
    if is_dry or fault.end_ms - fault.start_ms < due_ms:
        return asks_for_nothing(fault, explains=("sensor-stuck", *follows))
    return asks_for(fault, "sensor-stuck", within_ms=due_ms, explains=follows)


def _sensor_drifting(fault: Fault, world: World) -> Label:
    """Asked for once its value cannot be true: oxygen of a third of the truth falls short of class III anywhere.

    A level that is half a metre off looks like any other level.
    """
    device, lasts_ms = world.device(fault.device_id), fault.end_ms - fault.start_ms
    third = (1 - 0.33) / (1 - sensitivity_at_end(fault))
    within_ms = int(third * lasts_ms) + 2 * _interval_ms(device) + _TICKS_MS
    if not is_quality_station(device) or within_ms > lasts_ms:
        return asks_for_nothing(fault, explains=("sensor-drifting", "water-quality", *_LEVEL_FOLLOWS))
    return asks_for(fault, "sensor-drifting", "water-quality", within_ms=within_ms, explains=("water-quality",))


def _sensor_noisy(fault: Fault, world: World) -> Label:
    if fault.size < _BARELY_NOISY:
        return asks_for_nothing(fault, explains=("sensor-noisy", *_LEVEL_FOLLOWS))
    hard = f"errors of {noise_m(fault):.1f} m are near to what rain does" if fault.size < _HARDLY_NOISY else ""
    return asks_for(fault, "sensor-noisy", within_ms=2 * HOUR_MS, explains=_LEVEL_FOLLOWS, hard=hard)


def _interval_ms(device: Device) -> int:
    return device.report_interval_s * 1000


SENSOR_LABELS: Final = {
    OFFLINE: _offline,
    SLEEPER_OFFLINE: _offline,
    BATTERY_DYING: _battery_dying,
    SENSOR_STUCK: _sensor_stuck,
    SENSOR_DRIFTING: _sensor_drifting,
    SENSOR_NOISY: _sensor_noisy,
}
