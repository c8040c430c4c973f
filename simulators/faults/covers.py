"""Faults of manhole covers, and what only looks like one."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from domain.time_units import HOUR_MS, MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

COVER_OPEN: Final = "cover-open"
COVER_TILTED: Final = "cover-tilted"
COVER_MISSING: Final = "cover-missing"
COVER_LOOSE: Final = "cover-loose"
COVER_MOVED: Final = "cover-moved"
MAINTENANCE: Final = "maintenance-visit"
TRAFFIC: Final = "traffic-vibration"

CARRIED_OFF: Final = 0.5
HEARD_FOR_MS: Final = 4 * MINUTE_MS
_HARDLY_LOOSE: Final = 0.15
_SEEN_ROCKING_S: Final = 1_200
_TWO_REPORTS_MS: Final = 15 * MINUTE_MS


def is_carried_off(fault: Fault, at_ms: int) -> bool:
    """Whether a cover was taken away together with its sensor, beyond the reach of its gateway: in half of the thefts."""
    return fault.kind == COVER_MISSING and fault.size >= CARRIED_OFF and at_ms >= fault.start_ms + HEARD_FOR_MS


def _is_cover(device: Device) -> bool:
    return device.kind == "manhole_cover"


def _can_be_seen_rocking(device: Device) -> bool:
    return _is_cover(device) and device.report_interval_s <= _SEEN_ROCKING_S


def _cover_open(fault: Fault, world: "World") -> Label:
    return asks_for(fault, "cover-open", within_ms=MINUTE_MS, explains=("cover-tilted", "cover-moved"))


def _maintenance(fault: Fault, world: "World") -> Label:
    """A crew in the well is an open well: it must be told of like any other, and a planned visit silences the rule."""
    return asks_for(fault, "cover-open", within_ms=MINUTE_MS, explains=("cover-tilted", "cover-moved"))


def _cover_missing(fault: Fault, world: "World") -> Label:
    follows = ("cover-open", "cover-tilted", "cover-moved", "offline", "link-lost")
    return asks_for(fault, "cover-missing", within_ms=_TWO_REPORTS_MS, explains=follows)


def _cover_tilted(fault: Fault, world: "World") -> Label:
    return asks_for(fault, "cover-tilted", within_ms=_TWO_REPORTS_MS, explains=("cover-moved",))


def _cover_loose(fault: Fault, world: "World") -> Label:
    hard = "it hardly rocks" if fault.size < _HARDLY_LOOSE else ""
    return asks_for(fault, "cover-loose", within_ms=4 * HOUR_MS, explains=("cover-moved", "cover-tilted"), hard=hard)


def _cover_moved(fault: Fault, world: "World") -> Label:
    """Lifted on one side and let fall for a few minutes: nobody need be told, though nobody who is told is told wrongly."""
    return asks_for_nothing(fault, explains=("cover-tilted", "cover-moved"))


def _traffic(fault: Fault, world: "World") -> Label:
    return asks_for_nothing(fault)


_MINUTES_IN_THE_WELL: Final = (15 * MINUTE_MS, 25 * MINUTE_MS)

COVER_FAULTS: Final = (
    FaultSpec(COVER_OPEN, Layer.CITY, (HOUR_MS // 2, 3 * HOUR_MS), _is_cover, _cover_open, alarms=True),
    FaultSpec(COVER_TILTED, Layer.CITY, (HOUR_MS, 6 * HOUR_MS), _is_cover, _cover_tilted, alarms=True),
    FaultSpec(COVER_MISSING, Layer.CITY, (2 * HOUR_MS, 8 * HOUR_MS), _is_cover, _cover_missing, alarms=True),
    FaultSpec(COVER_LOOSE, Layer.CITY, (5 * HOUR_MS, 12 * HOUR_MS), _can_be_seen_rocking, _cover_loose),
    FaultSpec(COVER_MOVED, Layer.CITY, (3 * MINUTE_MS, 9 * MINUTE_MS), _is_cover, _cover_moved, alarms=True),
    FaultSpec(MAINTENANCE, Layer.CITY, _MINUTES_IN_THE_WELL, _is_cover, _maintenance, alarms=True),
    FaultSpec(TRAFFIC, Layer.CITY, (HOUR_MS, 6 * HOUR_MS), _is_cover, _traffic),
)
