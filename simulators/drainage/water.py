"""The water in the drains of a city at any instant, worked out six hours of one catchment after the other.

a dry six hours, no pipe blocked, the water where it always is at this hour ──▶ as on every dry day: nothing is run
anything else                                                               ──▶ SWMM, from the state that the last left
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from domain.time.units import MINUTE_MS
from simulators.drainage.model import Catchment, swmm_input
from simulators.drainage.net import DrainNet, Manhole
from simulators.drainage.swmm import Run, Series, Throttle, run_swmm
from simulators.weather import Weather

SLOT_MINUTES: Final = 360
SLOT_MS: Final = SLOT_MINUTES * MINUTE_MS
_SLOTS_A_DAY: Final = 4
_SAME_M: Final = 0.002
_SAME_L_S: Final = 0.5
"""Water this near to that of a dry day is that of a dry day: less than a level sensor sees."""


@dataclass(frozen=True, slots=True)
class Blockage:
    """In [start_ms, end_ms) the pipe below a manhole lets no more than `limit_l_s` through."""

    manhole_id: str
    start_ms: int
    end_ms: int
    limit_l_s: float


Blockages = Callable[[int, int, int], Sequence[Blockage]]
"""The blockages in a catchment that are on in [from_ms, to_ms): all that will ever be known."""


class Drainage:
    """Levels and flows, pure functions of time that remember: the same arguments give the same bytes, asked in any order.

    Time: slots of six hours from local midnight, by the zone's offset at the start. It is dry before the first of them; a
    dry day's water is reached by letting the six hours before run in from empty pipes.
    Raises: HydraulicsFailed where SWMM fails.
    """

    def __init__(self, net: DrainNet, weather: Weather, start_ms: int, timezone: str, blockages: Blockages) -> None:
        self.net = net
        self._weather, self._blockages = weather, blockages
        offset = datetime.fromtimestamp(start_ms / 1000, ZoneInfo(timezone)).utcoffset()
        self._offset_ms = int(offset.total_seconds() * 1000) if offset is not None else 0
        self._first_slot = self.slot(start_ms)
        self._basins: dict[int, _Basin] = {}

    def slot(self, at_ms: int) -> int:
        """The number of the six hours that an instant is in."""
        return (at_ms + self._offset_ms) // SLOT_MS

    def slot_start_ms(self, slot: int) -> int:
        return slot * SLOT_MS - self._offset_ms

    def known_to_ms(self, until_ms: int) -> int:
        """Up to where blockages must be known before water is asked for that is earlier than `until_ms`."""
        return self.slot_start_ms(self.slot(until_ms - 1) + 1)

    def depth_m(self, manhole: Manhole, at_ms: int) -> float:
        """Water above the bed of a manhole; what is more than its depth stands on the road."""
        run, minute = self._at(manhole, at_ms)
        return _between(run.depth_m[self._row(manhole)], minute)

    def flow_m3_h(self, manhole: Manhole, at_ms: int) -> float:
        """What leaves a manhole through its pipe; below zero while it runs back."""
        run, minute = self._at(manhole, at_ms)
        return 3.6 * _between(run.flow_l_s[self._row(manhole)], minute)

    def ponding_cm(self, manhole: Manhole, at_ms: int) -> float:
        """Water on the road above a manhole."""
        return 100 * max(0.0, self.depth_m(manhole, at_ms) - manhole.depth_m)

    def is_usual(self, manhole: Manhole, slot: int) -> bool:
        """Whether the water there is that of any dry day in a slot."""
        return self._basin(manhole.catchment).is_usual(slot)

    def levels_m(self, manhole: Manhole, slot: int) -> Series:
        """The depth of each minute of a slot, from its beginning up to the next one's, both included: 361."""
        levels: Series = self._basin(manhole.catchment).run(slot).depth_m[self._row(manhole)]
        return levels

    def _at(self, manhole: Manhole, at_ms: int) -> tuple[Run, float]:
        slot = self.slot(at_ms)
        return self._basin(manhole.catchment).run(slot), (at_ms - self.slot_start_ms(slot)) / MINUTE_MS

    def _row(self, manhole: Manhole) -> int:
        return self._basin(manhole.catchment).catchment.rows[manhole.manhole_id]

    def _basin(self, number: int) -> "_Basin":
        found = self._basins.get(number)
        if found is None:
            found = self._basins[number] = _Basin(
                Catchment(self.net, number), self._weather, self._first_slot, self.slot_start_ms, self._blockages
            )
        return found


class _Basin:
    """One catchment over time. `_runs` has None for a slot like that of any dry day."""

    def __init__(
        self,
        catchment: Catchment,
        weather: Weather,
        first_slot: int,
        slot_start_ms: Callable[[int], int],
        blockages: Blockages,
    ) -> None:
        self.catchment = catchment
        self._weather, self._first_slot = weather, first_slot
        self._slot_start_ms, self._blockages = slot_start_ms, blockages
        self._runs: list[Run | None] = []
        self._dry: dict[int, tuple[bytes, Run]] = {}

    def run(self, slot: int) -> Run:
        self._work_out(slot)
        found = self._runs[slot - self._first_slot] if slot >= self._first_slot else None
        return self._dry_run(slot)[1] if found is None else found

    def is_usual(self, slot: int) -> bool:
        self._work_out(slot)
        return slot < self._first_slot or self._runs[slot - self._first_slot] is None

    def _work_out(self, slot: int) -> None:
        while self._first_slot + len(self._runs) <= slot:
            self._runs.append(self._next(self._first_slot + len(self._runs)))

    def _next(self, slot: int) -> Run | None:
        from_ms, to_ms = self._slot_start_ms(slot), self._slot_start_ms(slot + 1)
        blockages = self._blockages(self.catchment.number, from_ms, to_ms)
        before = self._runs[-1] if self._runs else None
        is_dry = self._weather.is_dry(from_ms, to_ms)
        if is_dry and not blockages and (before is None or self._is_like_dry(before, slot)):
            return None
        state = before.state if before is not None else self._dry_run(slot)[0]
        minutes = range(SLOT_MINUTES)
        starts_ms = [from_ms + minute * MINUTE_MS for minute in minutes]
        rain_mm = [0.0] * SLOT_MINUTES if is_dry else [self._weather.rainfall_mm(t, t + MINUTE_MS) for t in starts_ms]
        throttles = [self._throttle(blockage, from_ms) for blockage in blockages]
        text = swmm_input(self.catchment, _start_hour(slot), rain_mm, SLOT_MINUTES)
        return run_swmm(self.catchment, text, SLOT_MINUTES, state, throttles)

    def _throttle(self, blockage: Blockage, from_ms: int) -> Throttle:
        """The blockage in minutes of a slot; one that runs on is still there when the slot ends."""
        first = max(0, round((blockage.start_ms - from_ms) / MINUTE_MS))
        last = round((blockage.end_ms - from_ms) / MINUTE_MS)
        return Throttle(self.catchment.rows[blockage.manhole_id], first, last, blockage.limit_l_s)

    def _is_like_dry(self, run: Run, slot: int) -> bool:
        usual = self._dry_run(slot)[1]
        return bool(
            np.all(np.abs(run.depth_m[:, -1] - usual.depth_m[:, 0]) < _SAME_M)
            and np.all(np.abs(run.flow_l_s[:, -1] - usual.flow_l_s[:, 0]) < _SAME_L_S)
        )

    def _dry_run(self, slot: int) -> tuple[bytes, Run]:
        """(the state at the beginning, the run) of a slot of any dry day: by the hour, whatever the date."""
        of_day = slot % _SLOTS_A_DAY
        if of_day not in self._dry:
            before = self._dry_of((of_day - 1) % _SLOTS_A_DAY, None)
            self._dry[of_day] = (before.state, self._dry_of(of_day, before.state))
        return self._dry[of_day]

    def _dry_of(self, of_day: int, state: bytes | None) -> Run:
        text = swmm_input(self.catchment, _start_hour(of_day), (), SLOT_MINUTES)
        return run_swmm(self.catchment, text, SLOT_MINUTES, state)


def _start_hour(slot: int) -> float:
    return slot % _SLOTS_A_DAY * 24 / _SLOTS_A_DAY


def _between(series: Series, minute: float) -> float:
    """The value of a series at a minute, straight between whole ones."""
    whole = min(int(minute), len(series) - 2)
    here, there = float(series[whole]), float(series[whole + 1])
    return here + (there - here) * (minute - whole)
