"""Faults on the way from a device to the broker: its clock, its link, its manners. The city itself is well."""

from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer

SENT_AGAIN: Final = "told-again"
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


def _reports_at_all(device: Device) -> bool:
    return device.kind in ("streetlight", "manhole_cover", "water_monitor")


def _reports_often(device: Device) -> bool:
    return _reports_at_all(device) and device.report_interval_s <= 900


TRANSPORT_FAULTS: Final = (
    FaultSpec(SENT_AGAIN, Layer.TRANSPORT, (HOUR_MS, 6 * HOUR_MS), _reports_at_all),
    FaultSpec(REORDERED, Layer.TRANSPORT, (HOUR_MS, 6 * HOUR_MS), _reports_often),
    FaultSpec(LATE_BURST, Layer.TRANSPORT, (10 * MINUTE_MS, 3 * HOUR_MS), _reports_often),
    FaultSpec(GARBLED, Layer.TRANSPORT, (HOUR_MS, 4 * HOUR_MS), _reports_at_all),
    FaultSpec(WRONG_CLOCK, Layer.TRANSPORT, (HOUR_MS, 6 * HOUR_MS), _reports_often),
    FaultSpec(GONE_MAD, Layer.TRANSPORT, (MINUTE_MS // 3, 3 * MINUTE_MS // 2), _reports_at_all, alarms=True),
)
