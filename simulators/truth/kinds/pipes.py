"""Labels of blocked pipes."""

from typing import Final

import numpy as np

from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.drainage import Manhole
from simulators.faults.fault import Fault
from simulators.faults.water import PIPE_BLOCKED
from simulators.truth.kinds.asking import asks_for
from simulators.truth.labels import Label
from simulators.world.state import World

_FOLLOWS: Final = ("pipe-blocked", "well-high", "well-overflow", "well-overflow-expected", "water-level-high")
_RISE_M, _RISE_IN_MIN = 0.3, 60
_LITTLE: Final = 0.33
# What operators take for a blocked pipe: 30 cm in an hour, while less than a third of the usual flow moves.
_FLOW_OVER_MIN, _FOR_MIN = 30, 10
# Beyond what two readings of a level sensor can be off.
_SURE_RISE_M: Final = 0.07


def _pipe_blocked(fault: Fault, world: World) -> Label:
    manhole = world.manhole_position(fault.device_id).drain
    assert manhole is not None
    shown_ms = _shown_ms(fault, manhole, world)
    interval_ms = 1000 * world.device(fault.device_id).report_interval_s
    return asks_for(
        fault,
        "pipe-blocked",
        within_ms=(shown_ms or fault.end_ms) - fault.start_ms + 4 * interval_ms,
        explains=_FOLLOWS,
        affected=(fault.device_id, *_above(manhole, world)),
        hard="" if shown_ms else "the water behind it rises too slowly to be told from the town's day",
    )


def _shown_ms(fault: Fault, manhole: Manhole, world: World) -> int | None:
    """When it has shown for long enough: a rise of 30 cm in an hour with little flow. None if it never does."""
    minutes = int((fault.end_ms - fault.start_ms) / MINUTE_MS)
    world.grow_until(fault.end_ms + MINUTE_MS)
    times_ms = range(fault.start_ms - HOUR_MS, fault.start_ms + minutes * MINUTE_MS, MINUTE_MS)
    level_m = np.array([world.drainage.depth_m(manhole, at_ms) for at_ms in times_ms])
    flow_m3_h = np.array([world.drainage.flow_m3_h(manhole, at_ms) for at_ms in times_ms])
    rise_m = level_m[_RISE_IN_MIN:] - level_m[:-_RISE_IN_MIN]
    sums = np.cumsum(np.concatenate(([0.0], flow_m3_h)))
    mean_m3_h = (sums[_FLOW_OVER_MIN:] - sums[:-_FLOW_OVER_MIN]) / _FLOW_OVER_MIN
    little = mean_m3_h[-len(rise_m) :] < 0.9 * _LITTLE * manhole.mean_flow_m3_h
    shows = (rise_m > _RISE_M + _SURE_RISE_M) & little
    lasting = 0
    for minute, it_does in enumerate(shows):
        lasting = lasting + 1 if it_does else 0
        if lasting >= 2 * _FOR_MIN:
            return fault.start_ms + minute * MINUTE_MS
    return None


def _above(manhole: Manhole, world: World) -> tuple[str, ...]:
    """The devices that look into the manholes above, into which it backs up."""
    found = {manhole.manhole_id, *world.drains.above(manhole.manhole_id)}
    return tuple(
        device.device_id
        for device in world.city.devices
        if (position := world.manhole_position(device.device_id)).drain is not None
        and position.drain.manhole_id in found
    )


WATER_LABELS: Final = {
    PIPE_BLOCKED: _pipe_blocked,
}
