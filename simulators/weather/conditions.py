"""The weather as many devices ask for it at nearly the same time: worked out every ten minutes, straight in between."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from simulators.weather.model import Weather

STEP_MS: Final = 600_000

_BIN_MS: Final = 1_800_000
_BINS: Final = 72
_FAST_H, _SLOW_H = 3.0, 12.0
_CLEANSING_MM, _SPENT_MM, _DILUTING_MM = 6.0, 20.0, 15.0


class Now(NamedTuple):
    """The weather at an instant.

    `flush` is how much dirt the rain washes off the roads and out of the sewers, 0 to 1: most while the first ten
    millimetres fall, little from the rain after that. `rainwater` is the share of rain in a river, 0 to 1.
    """

    air_cel: float
    water_cel: float
    flush: float
    rainwater: float


class Conditions:
    """Air, water and what rain does to it. A pure function of time; what it has worked out it remembers for a while."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._of_step: Callable[[int], Now] = lru_cache(maxsize=1024)(self._work_out)

    def at(self, at_ms: int) -> Now:
        """The conditions at an instant."""
        step, since_ms = divmod(at_ms, STEP_MS)
        a, b, share = self._of_step(step), self._of_step(step + 1), since_ms / STEP_MS
        return Now(
            a.air_cel + share * (b.air_cel - a.air_cel),
            a.water_cel + share * (b.water_cel - a.water_cel),
            a.flush + share * (b.flush - a.flush),
            a.rainwater + share * (b.rainwater - a.rainwater),
        )

    def _work_out(self, step: int) -> Now:
        at_ms = step * STEP_MS
        recent_mm, all_mm = self._fallen(at_ms)
        flush = (1 - math.exp(-recent_mm / _CLEANSING_MM)) * math.exp(-(all_mm - recent_mm) / _SPENT_MM)
        rainwater = 1 - math.exp(-all_mm / _DILUTING_MM)
        return Now(self._weather.air_cel(at_ms), self._weather.water_cel(at_ms), flush, rainwater)

    def _fallen(self, at_ms: int) -> tuple[float, float]:
        """What fell in the last day and a half, forgotten within hours, and within half a day."""
        if self._weather.is_dry(at_ms - _BINS * _BIN_MS, at_ms):
            return 0.0, 0.0
        recent_mm = all_mm = 0.0
        for number in range(_BINS):
            end_ms = at_ms - number * _BIN_MS
            fallen_mm, age_h = self._weather.rainfall_mm(end_ms - _BIN_MS, end_ms), (number + 0.5) / 2
            recent_mm += fallen_mm * math.exp(-age_h / _FAST_H)
            all_mm += fallen_mm * math.exp(-age_h / _SLOW_H)
        return recent_mm, all_mm
