"""Faults of sensors: the city is well, but what looks at it is not."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from simulators.faults.fault import Fault
from simulators.faults.spec import HOUR_MS, FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

OFFLINE: Final = "offline"

_TOLD_AFTER_MS: Final = {"streetlight": HOUR_MS // 2, "manhole_cover": 2 * HOUR_MS, "water_monitor": HOUR_MS}


def _speaks_for_itself(device: Device) -> bool:
    return device.kind in _TOLD_AFTER_MS


def _offline(fault: Fault, world: "World") -> Label:
    told_after_ms = _TOLD_AFTER_MS[world.device(fault.device_id).kind]
    if fault.end_ms - fault.start_ms < told_after_ms:
        return asks_for_nothing(fault)
    return asks_for(fault, "offline", within_ms=told_after_ms + HOUR_MS // 4, explains=("link-lost",))


SENSOR_FAULTS: Final = (FaultSpec(OFFLINE, Layer.SENSOR, (HOUR_MS, 4 * HOUR_MS), _speaks_for_itself, _offline),)
