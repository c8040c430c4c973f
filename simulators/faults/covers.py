"""Faults of manhole covers, and of what is in the well below."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from simulators.faults.fault import Fault
from simulators.faults.spec import HOUR_MS, MINUTE_MS, FaultSpec, Layer, asks_for
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

COVER_OPEN: Final = "cover-open"
COVER_TILTED: Final = "cover-tilted"


def _is_cover(device: Device) -> bool:
    return device.kind == "manhole_cover"


def _cover_open(fault: Fault, world: "World") -> Label:
    return asks_for(fault, "cover-open", within_ms=MINUTE_MS, explains=("cover-tilted", "cover-moved"))


def _cover_tilted(fault: Fault, world: "World") -> Label:
    return asks_for(fault, "cover-tilted", within_ms=15 * MINUTE_MS, explains=("cover-moved",))


COVER_FAULTS: Final = (
    FaultSpec(COVER_OPEN, Layer.CITY, (HOUR_MS // 2, 3 * HOUR_MS), _is_cover, _cover_open, alarms=True),
    FaultSpec(COVER_TILTED, Layer.CITY, (HOUR_MS, 6 * HOUR_MS), _is_cover, _cover_tilted, alarms=True),
)
