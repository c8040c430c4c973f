"""Rain and temperatures over one city at any instant."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from domain.time.units import DAY_MS, HOUR_MS
from simulators.ground.place import ZHANGJIAGANG, Place
from simulators.noise.seeded import key_of, normal, uniform
from simulators.weather.plan import DRY, WeatherPlan
from simulators.weather.recorded import daily_falls
from simulators.weather.storms import Fall, storm_formula

_YEAR_DAYS: Final = 365.2425
_LONGEST_MS: Final = DAY_MS
"""No storm lasts longer, so that the storms of two days are all there can be at an instant."""

_WATER_LAGS_DAYS: Final = 20.0
_WATER_OF_YEAR: Final = 0.75
"""Water in drains and small canals follows the air weeks later and less far [mem]."""


@dataclass(frozen=True)
class Weather:
    """Rain and temperatures, pure functions of time: the same seed, start and plan give the same weather.

    The rain is the same over the whole city. None falls before `start_ms`; a day is 24 hours from there on.
    """

    seed: int
    start_ms: int
    plan: WeatherPlan = DRY
    place: Place = ZHANGJIAGANG

    def rain_mm_h(self, at_ms: int) -> float:
        """How hard it rains."""
        return sum(fall.rain_mm_h(at_ms) for fall in self._near(at_ms, at_ms))

    def rainfall_mm(self, from_ms: int, to_ms: int) -> float:
        """What falls in [from_ms, to_ms), exactly."""
        return sum(fall.fallen_mm(to_ms) - fall.fallen_mm(from_ms) for fall in self._near(from_ms, to_ms))

    def is_dry(self, from_ms: int, to_ms: int) -> bool:
        """Whether nothing at all falls in [from_ms, to_ms)."""
        return not any(fall.start_ms < to_ms and from_ms < fall.end_ms for fall in self._near(from_ms, to_ms))

    def air_cel(self, at_ms: int) -> float:
        """The air's temperature: the season, the hour by the sun (warmest at 14:30), and days that differ."""
        climate = self.plan.climate
        hour = (at_ms / HOUR_MS + self.place.lon / 15) % 24
        of_day = climate.of_day_cel * math.cos(2 * math.pi * (hour - 14.5) / 24)
        return self._season(at_ms) + of_day + climate.day_to_day_cel * self._mood(at_ms)

    def water_cel(self, at_ms: int) -> float:
        """The temperature of water in drains and canals: slower than the air, never below 1."""
        climate = self.plan.climate
        season = climate.mean_cel + _WATER_OF_YEAR * (
            self._season(at_ms - int(_WATER_LAGS_DAYS * DAY_MS)) - climate.mean_cel
        )
        return max(1.0, season + 0.3 * climate.day_to_day_cel * self._mood(at_ms - DAY_MS))

    def _season(self, at_ms: int) -> float:
        climate = self.plan.climate
        day = at_ms / DAY_MS % _YEAR_DAYS
        return climate.mean_cel + climate.of_year_cel * math.cos(2 * math.pi * (day - climate.warmest_day) / _YEAR_DAYS)

    def _mood(self, at_ms: int) -> float:
        """How far this day is from the season, about normal, running smoothly from day to day."""
        day, part = divmod(at_ms / DAY_MS, 1)
        key = key_of(self.seed, "air")
        here, there = normal(key, int(day)), normal(key, int(day) + 1)
        smooth = part * part * (3 - 2 * part)
        return here + (there - here) * smooth

    def _near(self, from_ms: int, to_ms: int) -> Iterator[Fall]:
        yield from self._given
        if self.plan.storms_per_day or self.plan.recorded:
            first = max(0, (from_ms - _LONGEST_MS - self.start_ms) // DAY_MS)
            for day in range(first, max(first, (to_ms - self.start_ms) // DAY_MS + 1)):
                yield from self._of_day(day)

    @cached_property
    def _given(self) -> tuple[Fall, ...]:
        formula = storm_formula(self.plan.formula)
        return tuple(
            Fall(
                self.start_ms + round(storm.after_h * HOUR_MS),
                round(storm.lasts_h * HOUR_MS),
                storm.total_mm or formula.depth_mm(storm.lasts_h * 60, storm.return_years or 1.0),
                storm.peak,
                formula.b_min,
                formula.n,
            )
            for storm in self.plan.storms
        )

    @cached_property
    def _of_day(self) -> Callable[[int], tuple[Fall, ...]]:
        return lru_cache(maxsize=64)(self._work_out_day)

    def _work_out_day(self, day: int) -> tuple[Fall, ...]:
        """The storms that begin in a day of the stream: the recorded ones and the drawn ones."""
        formula, start_ms = storm_formula(self.plan.formula), self.start_ms + day * DAY_MS
        found: list[Fall] = []
        if self.plan.recorded is not None:
            found += daily_falls(self.plan.recorded, self.seed, day, start_ms, formula)
        key = key_of(self.seed, "storms", str(day))
        whole, rest = divmod(self.plan.storms_per_day, 1)
        for number in range(int(whole) + (uniform(key, 0) < rest)):
            lasts_h = uniform(key, number, 2, low=self.plan.lasts_h[0], high=self.plan.lasts_h[1])
            found.append(
                Fall(
                    start_ms + int(uniform(key, number, 1) * DAY_MS),
                    round(lasts_h * HOUR_MS),
                    uniform(key, number, 3, low=self.plan.depth_mm[0], high=self.plan.depth_mm[1]),
                    uniform(key, number, 4, low=0.3, high=0.5),
                    formula.b_min,
                    formula.n,
                )
            )
        return tuple(found)
