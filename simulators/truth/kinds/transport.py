"""Labels of faults: transport."""

from typing import Final

from domain.time.units import MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.silence import silent_after_ms
from simulators.faults.transport import (
    GARBLED,
    GONE_MAD,
    LATE_BURST,
    REORDERED,
    SENT_AGAIN,
    WRONG_CLOCK,
    is_clock_usable,
)
from simulators.truth.kinds.asking import asks_for, asks_for_nothing
from simulators.truth.labels import Label
from simulators.world.state import World


def _nothing(fault: Fault, world: World) -> Label:
    return asks_for_nothing(fault)


def _silent(fault: Fault, world: World) -> Label:
    """A device from which nothing usable arrives while the fault is on."""
    silence_ms = silent_after_ms(world.device(fault.device_id))
    if fault.end_ms - fault.start_ms > silence_ms + 10 * MINUTE_MS:
        return asks_for(fault, "offline", within_ms=silence_ms + 10 * MINUTE_MS, explains=("link-lost",))
    return asks_for_nothing(fault, explains=("offline", "link-lost"))


def _wrong_clock(fault: Fault, world: World) -> Label:
    """Nobody can use the times of such a clock, so the device counts as offline; a clock a little slow harms nobody."""
    if is_clock_usable(fault):
        return asks_for_nothing(fault)
    return _silent(fault, world)


def _garbled(fault: Fault, world: World) -> Label:
    return asks_for_nothing(fault, explains=("offline",))


def _gone_mad(fault: Fault, world: World) -> Label:
    """A hundred reports a second are seen within seconds; three minutes are for a dialect that dates by the second."""
    return asks_for(fault, "reports-too-often", within_ms=3 * MINUTE_MS)


TRANSPORT_LABELS: Final = {
    SENT_AGAIN: _nothing,
    REORDERED: _nothing,
    LATE_BURST: _silent,
    GARBLED: _garbled,
    WRONG_CLOCK: _wrong_clock,
    GONE_MAD: _gone_mad,
}
