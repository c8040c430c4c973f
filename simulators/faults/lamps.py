"""Faults of lamps and of what feeds them."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from simulators.faults.fault import Fault
from simulators.faults.spec import HOUR_MS, MINUTE_MS, FaultSpec, Layer, asks_for
from simulators.sky import Sky
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

LAMP_DEAD: Final = "lamp-dead"


def _is_lamp(device: Device) -> bool:
    return device.kind == "streetlight"


def _in_one_night(fault: Fault, sky: Sky) -> bool:
    middle_ms = (fault.start_ms + fault.end_ms) // 2
    return all(sky.is_night(at_ms) for at_ms in (fault.start_ms, middle_ms, fault.end_ms))


def _lamp_dead(fault: Fault, world: "World") -> Label:
    return asks_for(fault, "lamp-out", within_ms=10 * MINUTE_MS)


LAMP_FAULTS: Final = (
    FaultSpec(LAMP_DEAD, Layer.CITY, (HOUR_MS // 2, 2 * HOUR_MS), _is_lamp, _lamp_dead, fits=_in_one_night),
)
