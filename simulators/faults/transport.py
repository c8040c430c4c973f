"""Faults on the way from a device to the broker: its clock, its link, its manners. The city itself is well."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from domain.time_units import HOUR_MS, MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.silence import told_after_ms
from simulators.faults.spec import FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

TOLD_AGAIN: Final = "told-again"
REORDERED: Final = "reordered"
LATE_BURST: Final = "late-burst"
GARBLED: Final = "garbled"
WRONG_CLOCK: Final = "wrong-clock"
GONE_MAD: Final = "gone-mad"

CLOCK_OFFSETS_MS: Final = (-90_000, 2 * HOUR_MS, -1_763_000_000_000, -2 * HOUR_MS)
"""How far a wrong clock is off, by the fault's size: a little slow, ahead in another zone, in the 1970s, hours behind."""

_HARMLESS_OFFSET_MS: Final = 5 * MINUTE_MS


def clock_offset_ms(fault: Fault) -> int:
    """What a device's clock adds to the true time."""
    return CLOCK_OFFSETS_MS[int(fault.size * len(CLOCK_OFFSETS_MS))]


def is_clock_usable(fault: Fault) -> bool:
    """Whether a clock that is off is a little off only."""
    return abs(clock_offset_ms(fault)) <= _HARMLESS_OFFSET_MS


def _speaks(device: Device) -> bool:
    return device.kind in ("streetlight", "manhole_cover", "water_monitor")


def _speaks_often(device: Device) -> bool:
    return _speaks(device) and device.report_interval_s <= 900


def _nothing(fault: Fault, world: "World") -> Label:
    return asks_for_nothing(fault)


def _silent(fault: Fault, world: "World") -> Label:
    """A device of which nobody hears anything usable while the fault is on."""
    silence_ms = told_after_ms(world.device(fault.device_id))
    if fault.end_ms - fault.start_ms > silence_ms + 10 * MINUTE_MS:
        return asks_for(fault, "offline", within_ms=silence_ms + 10 * MINUTE_MS, explains=("link-lost",))
    return asks_for_nothing(fault, explains=("offline", "link-lost"))


def _wrong_clock(fault: Fault, world: "World") -> Label:
    """Nobody can use what such a clock says, so the device counts as offline; a clock a little slow harms nobody."""
    if is_clock_usable(fault):
        return asks_for_nothing(fault)
    return _silent(fault, world)


def _garbled(fault: Fault, world: "World") -> Label:
    return asks_for_nothing(fault, explains=("offline",))


TRANSPORT_FAULTS: Final = (
    FaultSpec(TOLD_AGAIN, Layer.TRANSPORT, (HOUR_MS, 6 * HOUR_MS), _speaks, _nothing),
    FaultSpec(REORDERED, Layer.TRANSPORT, (HOUR_MS, 6 * HOUR_MS), _speaks_often, _nothing),
    FaultSpec(LATE_BURST, Layer.TRANSPORT, (10 * MINUTE_MS, 3 * HOUR_MS), _speaks_often, _silent),
    FaultSpec(GARBLED, Layer.TRANSPORT, (HOUR_MS, 4 * HOUR_MS), _speaks, _garbled),
    FaultSpec(WRONG_CLOCK, Layer.TRANSPORT, (HOUR_MS, 6 * HOUR_MS), _speaks_often, _wrong_clock),
    FaultSpec(GONE_MAD, Layer.TRANSPORT, (MINUTE_MS // 3, 3 * MINUTE_MS // 2), _speaks, _nothing, alarms=True),
)
