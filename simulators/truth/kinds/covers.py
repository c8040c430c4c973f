"""Labels of faults: covers."""

from typing import Final

from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.faults.covers import (
    COVER_LOOSE,
    COVER_MISSING,
    COVER_MOVED,
    COVER_OPEN,
    COVER_TILTED,
    MAINTENANCE,
    TRAFFIC,
)
from simulators.faults.fault import Fault
from simulators.truth.kinds.asking import asks_for, asks_for_nothing
from simulators.truth.labels import Label
from simulators.world.state import World

_HARDLY_LOOSE: Final = 0.15
_TWO_REPORTS_MS: Final = 15 * MINUTE_MS


def _cover_open(fault: Fault, world: World) -> Label:
    return asks_for(fault, "cover-open", within_ms=MINUTE_MS, explains=("cover-tilted", "cover-moved"))


def _maintenance(fault: Fault, world: World) -> Label:
    """A crew in the well is an open well: it must be raised like any other, and a planned visit silences the rule."""
    return asks_for(fault, "cover-open", within_ms=MINUTE_MS, explains=("cover-tilted", "cover-moved"))


def _cover_missing(fault: Fault, world: World) -> Label:
    follows = ("cover-open", "cover-tilted", "cover-moved", "offline", "link-lost")
    return asks_for(fault, "cover-missing", within_ms=_TWO_REPORTS_MS, explains=follows)


def _cover_tilted(fault: Fault, world: World) -> Label:
    return asks_for(fault, "cover-tilted", within_ms=_TWO_REPORTS_MS, explains=("cover-moved",))


def _cover_loose(fault: Fault, world: World) -> Label:
    hard = "it hardly rocks" if fault.size < _HARDLY_LOOSE else ""
    return asks_for(fault, "cover-loose", within_ms=4 * HOUR_MS, explains=("cover-moved", "cover-tilted"), hard=hard)


def _cover_moved(fault: Fault, world: World) -> Label:
    """Lifted on one side and let fall for a few minutes: no event is asked for, though one is not wrong."""
    return asks_for_nothing(fault, explains=("cover-tilted", "cover-moved"))


def _traffic(fault: Fault, world: World) -> Label:
    return asks_for_nothing(fault)


COVER_LABELS: Final = {
    COVER_OPEN: _cover_open,
    COVER_TILTED: _cover_tilted,
    COVER_MISSING: _cover_missing,
    COVER_LOOSE: _cover_loose,
    COVER_MOVED: _cover_moved,
    MAINTENANCE: _maintenance,
    TRAFFIC: _traffic,
}
