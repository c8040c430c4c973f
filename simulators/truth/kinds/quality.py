"""Labels of faults: quality."""

from typing import Final

from domain.time.units import HOUR_MS
from simulators.faults.fault import Fault
from simulators.faults.quality import DISCHARGE, MILD
from simulators.truth.kinds.asking import asks_for
from simulators.truth.labels import Label
from simulators.world.state import World

_WITHIN_MS: Final = HOUR_MS


def _discharge(fault: Fault, world: World) -> Label:
    hard = "so mild that rain or the town's own day do as much" if fault.size < MILD else ""
    return asks_for(fault, "discharge-suspected", within_ms=_WITHIN_MS, explains=("water-quality",), hard=hard)


QUALITY_LABELS: Final = {
    DISCHARGE: _discharge,
}
