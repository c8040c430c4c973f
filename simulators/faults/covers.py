"""Faults of manhole covers, and what only looks like one."""

from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer

COVER_OPEN: Final = "cover-open"
COVER_TILTED: Final = "cover-tilted"
COVER_MISSING: Final = "cover-missing"
COVER_LOOSE: Final = "cover-loose"
COVER_MOVED: Final = "cover-moved"
MAINTENANCE: Final = "maintenance-visit"
TRAFFIC: Final = "traffic-vibration"

CARRIED_OFF: Final = 0.5
LAST_REPORT_AFTER_MS: Final = 4 * MINUTE_MS
_SEEN_ROCKING_S: Final = 1_200


def is_carried_off(fault: Fault, at_ms: int) -> bool:
    """Whether a cover was taken away together with its sensor, beyond the reach of its gateway: in half of the thefts."""
    return fault.kind == COVER_MISSING and fault.size >= CARRIED_OFF and at_ms >= fault.start_ms + LAST_REPORT_AFTER_MS


def _is_cover(device: Device) -> bool:
    return device.kind == "manhole_cover"


def _can_be_seen_rocking(device: Device) -> bool:
    return _is_cover(device) and device.report_interval_s <= _SEEN_ROCKING_S


_MINUTES_IN_THE_WELL: Final = (15 * MINUTE_MS, 25 * MINUTE_MS)

COVER_FAULTS: Final = (
    FaultSpec(COVER_OPEN, Layer.CITY, (HOUR_MS // 2, 3 * HOUR_MS), _is_cover, alarms=True),
    FaultSpec(COVER_TILTED, Layer.CITY, (HOUR_MS, 6 * HOUR_MS), _is_cover, alarms=True),
    FaultSpec(COVER_MISSING, Layer.CITY, (2 * HOUR_MS, 8 * HOUR_MS), _is_cover, alarms=True),
    FaultSpec(COVER_LOOSE, Layer.CITY, (5 * HOUR_MS, 12 * HOUR_MS), _can_be_seen_rocking),
    FaultSpec(COVER_MOVED, Layer.CITY, (3 * MINUTE_MS, 9 * MINUTE_MS), _is_cover, alarms=True),
    FaultSpec(MAINTENANCE, Layer.CITY, _MINUTES_IN_THE_WELL, _is_cover, alarms=True),
    FaultSpec(TRAFFIC, Layer.CITY, (HOUR_MS, 6 * HOUR_MS), _is_cover),
)
