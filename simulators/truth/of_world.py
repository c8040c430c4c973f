"""The truth of a world: what its faults and its water ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from simulators.truth.kinds.catalogue import LABELS
from simulators.truth.labels import Label
from simulators.truth.water import Alarm, WaterTruth
from simulators.world.state import World


@dataclass(frozen=True)
class Truth:
    """What truly happens in a world, whoever looks. The answers do not depend on the order of asking."""

    world: World

    @cached_property
    def _water(self) -> WaterTruth:
        return WaterTruth(self.world)

    def alarms(self, until_ms: int) -> Sequence[Alarm]:
        """When devices that look at water find a mark passed, before `until_ms` and maybe later; it grows at its end."""
        return self._water.alarms(until_ms)

    def labels(self, until_ms: int) -> tuple[Label, ...]:
        """The truth, by start: a label for every fault that starts before `until_ms`, and for what water does by then."""
        self.world.grow_until(until_ms)
        faults = [fault for fault in self.world.faults.all if fault.start_ms < until_ms]
        labels = [LABELS[fault.kind](fault, self.world) for fault in faults]
        return tuple(sorted((*labels, *self._water.labels(until_ms)), key=lambda label: label.start_ms))
