"""Whether a device could report what stands before its sensor: received, on time, and true."""

from collections.abc import Iterator
from typing import Final

from domain.devices import Device
from simulators.faults.catalogue import FAULTS
from simulators.faults.covers import CARRIED_OFF, COVER_MISSING, LAST_REPORT_AFTER_MS
from simulators.faults.fault import Fault
from simulators.faults.links import GATEWAY_DOWN, LINK_LOST
from simulators.faults.sensors import BATTERY_DYING, DIES_AT, OFFLINE, SENSOR_STUCK, SLEEPER_OFFLINE
from simulators.faults.spec import Layer
from simulators.faults.transport import (
    GONE_MAD,
    LATE_BURST,
    REORDERED,
    SENT_AGAIN,
    WRONG_CLOCK,
    is_clock_usable,
)
from simulators.world.state import World

_BLINDS: Final = frozenset((OFFLINE, SLEEPER_OFFLINE, LATE_BURST, SENSOR_STUCK, GATEWAY_DOWN, LINK_LOST))
_HARMLESS: Final = frozenset((SENT_AGAIN, REORDERED, GONE_MAD))
"""A report sent twice, out of turn or too often has arrived."""


def sighted_from_ms(device: Device, world: World, from_ms: int, to_ms: int, needs_ms: int) -> int | None:
    """From when on in [from_ms, to_ms) it is neither blind nor unheard for `needs_ms` together; None if it never is."""
    seen_from_ms = from_ms
    for start_ms, end_ms in sorted(_blind(device, world)):
        if start_ms >= to_ms or start_ms - seen_from_ms >= needs_ms:
            break
        seen_from_ms = max(seen_from_ms, end_ms)
    else:
        start_ms = to_ms
    return seen_from_ms if min(start_ms, to_ms) - seen_from_ms >= needs_ms else None


def what_disturbs(device: Device, world: World, from_ms: int, to_ms: int) -> str:
    """What keeps it from reporting all of the truth at once in [from_ms, to_ms); empty where nothing does."""
    for fault in _faults(device, world):
        spans = ((fault.start_ms, fault.end_ms),) if not _is_known(fault) else tuple(_blinded(fault))
        for start_ms, end_ms in spans:
            if start_ms < to_ms and from_ms < end_ms:
                return f"its sensor cannot be trusted or heard all the time: {fault.kind}"
    return ""


def _faults(device: Device, world: World) -> Iterator[Fault]:
    """Faults of the device that bear on what it reports, and those of whatever it is connected through."""
    for fault in world.faults.of(device.device_id):
        if FAULTS[fault.kind].layer is not Layer.CITY or fault.kind == COVER_MISSING:
            yield fault
    above = device.parent_id
    while above is not None:
        yield from (fault for fault in world.faults.of(above) if fault.kind in (GATEWAY_DOWN, LINK_LOST))
        above = world.device(above).parent_id


def _blind(device: Device, world: World) -> Iterator[tuple[int, int]]:
    for fault in _faults(device, world):
        yield from _blinded(fault)


def _is_known(fault: Fault) -> bool:
    """Whether it is a matter of spans: blind in some, well in the rest."""
    return fault.kind in _BLINDS or fault.kind in _HARMLESS or fault.kind in (BATTERY_DYING, WRONG_CLOCK, COVER_MISSING)


def _blinded(fault: Fault) -> Iterator[tuple[int, int]]:
    if fault.kind in _BLINDS or (fault.kind == WRONG_CLOCK and not is_clock_usable(fault)):
        yield fault.start_ms, fault.end_ms
    elif fault.kind == COVER_MISSING and fault.size >= CARRIED_OFF:
        yield fault.start_ms + LAST_REPORT_AFTER_MS, fault.end_ms
    elif fault.kind == BATTERY_DYING:
        yield fault.start_ms + int(DIES_AT * (fault.end_ms - fault.start_ms)), fault.end_ms
