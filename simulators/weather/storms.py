"""Design storms: how the rain of one storm is spread over its time."""

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError
from domain.time.units import MINUTE_MS

_TABLE: Final = Path(__file__).with_name("formulas.csv")


@dataclass(frozen=True, slots=True)
class StormFormula:
    """A city's storm intensity formula: i = a (1 + c lg P) / (t + b)^n, with i in mm/min, t in min, P in years.

    Source: GB 50014, the form that Chinese cities publish; q in L/(s.ha) is 167 i.
    """

    a_mm_min: float
    c: float
    b_min: float
    n: float

    def intensity_mm_min(self, duration_min: float, return_years: float) -> float:
        """The mean intensity over the worst `duration_min` minutes that come once in `return_years`."""
        return self.a_mm_min * (1 + self.c * math.log10(return_years)) * math.pow(duration_min + self.b_min, -self.n)

    def depth_mm(self, duration_min: float, return_years: float) -> float:
        """What falls in those minutes."""
        return self.intensity_mm_min(duration_min, return_years) * duration_min


@lru_cache(maxsize=16)
def storm_formula(city: str) -> StormFormula:
    """The formula of formulas.csv by that name. Raises: ConfigurationError, naming those there are."""
    with _TABLE.open(encoding="utf-8", newline="") as lines:
        rows = {row["city"]: row for row in csv.DictReader(lines)}
    if city not in rows:
        raise ConfigurationError(f"no storm intensity formula {city!r}; formulas.csv has {', '.join(rows)}")
    row = rows[city]
    return StormFormula(*(float(row[name]) for name in ("a_mm_min", "c", "b_min", "n")))


@dataclass(frozen=True, slots=True)
class Fall:
    """One storm in [start_ms, start_ms + lasts_ms) that brings `total_mm`, after Keifer and Chu.

    Every stretch around its peak holds as much as the formula has for a stretch of that length, in proportion, so that the
    storm is no kinder to short pipes than to long ones. `peak` is the part of the time before the peak.
    Source: Keifer and Chu 1957, "Synthetic storm pattern for drainage design"; the sums are in closed form.
    """

    start_ms: int
    lasts_ms: int
    total_mm: float
    peak: float
    b_min: float
    n: float

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.lasts_ms

    def fallen_mm(self, at_ms: int) -> float:
        """What has fallen of it up to an instant, 0 before it and `total_mm` after it."""
        done_min = min(max(at_ms - self.start_ms, 0), self.lasts_ms) / MINUTE_MS
        lasts_min = self.lasts_ms / MINUTE_MS
        before_min = self.peak * lasts_min
        if done_min <= before_min:
            part = self.peak * (self._within(lasts_min) - self._within((before_min - done_min) / self.peak))
        else:
            after = (1 - self.peak) * self._within((done_min - before_min) / (1 - self.peak))
            part = self.peak * self._within(lasts_min) + after
        return self.total_mm * part / self._within(lasts_min)

    def rain_mm_h(self, at_ms: int) -> float:
        """How hard it rains at an instant."""
        if not self.start_ms <= at_ms < self.end_ms:
            return 0.0
        from_peak_min = (at_ms - self.start_ms) / MINUTE_MS - self.peak * self.lasts_ms / MINUTE_MS
        t_min = -from_peak_min / self.peak if from_peak_min < 0 else from_peak_min / (1 - self.peak)
        shape = ((1 - self.n) * t_min + self.b_min) * math.pow(t_min + self.b_min, -1 - self.n)
        return 60 * self.total_mm * shape / self._within(self.lasts_ms / MINUTE_MS)

    def _within(self, minutes: float) -> float:
        """The formula's depth of so many minutes, with a = 1."""
        return minutes * math.pow(minutes + self.b_min, -self.n)
