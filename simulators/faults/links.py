"""Faults of gateways and cabinets as hubs: whatever speaks through them falls silent, though nothing is wrong with it."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from domain.time_units import HOUR_MS, MINUTE_MS
from simulators.city import City
from simulators.faults.fault import Fault
from simulators.faults.silence import told_after_ms
from simulators.faults.spec import FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

LINK_LOST: Final = "link-lost"
GATEWAY_DOWN: Final = "gateway-down"

_A_LOST_LINK: Final = 5
"""So many silent devices behind one hub are a fault of the hub."""
_CLOCK_MS: Final = 10 * MINUTE_MS
_FOLLOWS: Final = ("offline", "link-lost")


def _is_hub(device: Device) -> bool:
    return device.kind in ("cabinet", "gateway")


def _is_gateway(device: Device) -> bool:
    return device.kind == "gateway"


def _behind(fault: Fault, city: City) -> tuple[str, ...]:
    """Everything that speaks through the device, at any remove; parents stand before their children in a city."""
    found = {fault.device_id: None}
    for device in city.devices:
        if device.parent_id in found:
            found[device.device_id] = None
    return tuple(found)[1:]


def _gateway_down(fault: Fault, world: "World") -> Label:
    """The gateway itself falls silent, and everything that speaks through it."""
    silence_ms = told_after_ms(world.device(fault.device_id))
    affected = (fault.device_id, *_behind(fault, world.city))
    if fault.end_ms - fault.start_ms < silence_ms + MINUTE_MS:
        return asks_for_nothing(fault, explains=_FOLLOWS, affected=affected)
    return asks_for(fault, "offline", within_ms=silence_ms + _CLOCK_MS, explains=_FOLLOWS, affected=affected)


def _link_lost(fault: Fault, world: "World") -> Label:
    """The hub speaks, but nobody behind it is heard any more. It takes five silent devices to blame the hub."""
    affected = (fault.device_id, *_behind(fault, world.city))
    children = world.children(fault.device_id)
    silences_ms = sorted(told_after_ms(world.device(child)) for child in children)
    blames_hub = len(children) >= _A_LOST_LINK
    told_ms = silences_ms[_A_LOST_LINK - 1] if blames_hub else max(silences_ms, default=0)
    if not children or fault.end_ms - fault.start_ms < told_ms + MINUTE_MS:
        return asks_for_nothing(fault, explains=_FOLLOWS, affected=affected)
    within_ms = told_ms + _CLOCK_MS
    if blames_hub:
        return asks_for(fault, "link-lost", within_ms=within_ms, explains=_FOLLOWS, affected=affected)
    return asks_for(fault, "offline", within_ms=within_ms, subjects=children, explains=_FOLLOWS, affected=affected)


LINK_FAULTS: Final = (
    FaultSpec(GATEWAY_DOWN, Layer.SENSOR, (5 * MINUTE_MS, 3 * HOUR_MS), _is_gateway, _gateway_down, claims=_behind),
    FaultSpec(LINK_LOST, Layer.SENSOR, (HOUR_MS // 2, 4 * HOUR_MS), _is_hub, _link_lost, claims=_behind),
)
