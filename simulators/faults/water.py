"""Blocked pipes, which are drawn like any fault, and how they bear on the drains."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS
from simulators.drainage import Blockage, Drain
from simulators.drainage.manhole_positions import ManholePosition, measures_drain
from simulators.drainage.water import SLOT_MS
from simulators.faults.book import FaultBook
from simulators.faults.spec import FaultSpec, Layer

PIPE_BLOCKED: Final = "pipe-blocked"

_LETS_THROUGH: Final = (0.12, 0.02)
"""Of the mean flow, in a pipe that is blocked a little and badly."""


def blocked_flow_m3_h(mean_flow_m3_h: float, size: float) -> float:
    """What a pipe still lets through when it is blocked, in m³/h; `size` 0 to 1 is how badly."""
    little, badly = _LETS_THROUGH
    return mean_flow_m3_h * (little + (badly - little) * size)


class BlockedPipes:
    """The blocked pipes of a book, by catchment, for the drainage; `position_of` knows where a device looks into."""

    def __init__(self, book: FaultBook, position_of: Callable[[str], ManholePosition]) -> None:
        self._book, self._position_of = book, position_of
        self._read = 0
        self._found: defaultdict[int, list[Blockage]] = defaultdict(list)

    def __call__(self, catchment: int, from_ms: int, to_ms: int) -> Sequence[Blockage]:
        book = self._book.all
        for fault in book[self._read :]:
            if fault.kind == PIPE_BLOCKED and (manhole := self._position_of(fault.device_id).drain) is not None:
                limit_l_s = blocked_flow_m3_h(manhole.mean_flow_m3_h, fault.size) / 3.6
                blockage = Blockage(manhole.manhole_id, fault.start_ms, fault.end_ms, limit_l_s)
                self._found[manhole.catchment].append(blockage)
        self._read = len(book)
        return [one for one in self._found[catchment] if one.start_ms < to_ms and from_ms < one.end_ms]


def _measures_sewage(device: Device) -> bool:
    """Sewage runs at all hours: behind a blocked pipe it rises. A storm drain may be blocked for months, unseen."""
    return measures_drain(device) and device.attributes.get("drain") == Drain.SEWAGE.value


WATER_FAULTS: Final = (FaultSpec(PIPE_BLOCKED, Layer.CITY, (2 * HOUR_MS, SLOT_MS), _measures_sewage),)
