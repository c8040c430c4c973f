"""Labels of faults: links."""

from typing import Final

from domain.time.units import MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.links import GATEWAY_DOWN, LINK_LOST, behind
from simulators.faults.silence import silent_after_ms
from simulators.truth.kinds.asking import asks_for, asks_for_nothing
from simulators.truth.labels import Label
from simulators.world.state import World

# So many silent devices behind one hub are a fault of the hub.
_A_LOST_LINK: Final = 5
_CLOCK_MS: Final = 10 * MINUTE_MS
_FOLLOWS: Final = ("offline", "link-lost")


def _gateway_down(fault: Fault, world: World) -> Label:
    """The gateway itself falls silent, and everything connected through it."""
    silence_ms = silent_after_ms(world.device(fault.device_id))
    affected = (fault.device_id, *behind(fault, world.city))
    if fault.end_ms - fault.start_ms < silence_ms + MINUTE_MS:
        return asks_for_nothing(fault, explains=_FOLLOWS, affected=affected)
    return asks_for(fault, "offline", within_ms=silence_ms + _CLOCK_MS, explains=_FOLLOWS, affected=affected)


def _link_lost(fault: Fault, world: World) -> Label:
    """The hub reports, but nothing behind it does any more. It takes five silent devices to blame the hub."""
    affected = (fault.device_id, *behind(fault, world.city))
    children = world.children(fault.device_id)
    silences_ms = sorted(silent_after_ms(world.device(child)) for child in children)
    blames_hub = len(children) >= _A_LOST_LINK
    due_ms = silences_ms[_A_LOST_LINK - 1] if blames_hub else max(silences_ms, default=0)
    if not children or fault.end_ms - fault.start_ms < due_ms + MINUTE_MS:
        return asks_for_nothing(fault, explains=_FOLLOWS, affected=affected)
    within_ms = due_ms + _CLOCK_MS
    if blames_hub:
        return asks_for(fault, "link-lost", within_ms=within_ms, explains=_FOLLOWS, affected=affected)
    return asks_for(fault, "offline", within_ms=within_ms, subjects=children, explains=_FOLLOWS, affected=affected)


LINK_LABELS: Final = {
    GATEWAY_DOWN: _gateway_down,
    LINK_LOST: _link_lost,
}
