"""Indicators of a set of cases: counts, rates with how sure they are, and how long handling took. Pure."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from cases.appraisal.counts import RATES, Count, RateOf
from cases.appraisal.facts import Fact, Handling
from domain.confidence import wilson_interval
from domain.time.units import HOUR_MS

DURATION_BOUNDS_MS: Final = tuple(hours * HOUR_MS for hours in (1, 2, 4, 8, 12, 24, 48, 72, 120, 168))
"""Upper bounds, inclusive, of the classes in which handling times are shown; one more class lies beyond."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`counted` of `among`, with Wilson's 95 % interval: 2 of 2 may be 34 % as well, 200 of 200 not less than 98 %.

    Of nothing there is no rate: `value`, `low` and `high` are None where `among` is 0.
    """

    counted: int
    among: int

    @property
    def value(self) -> float | None:
        return self.counted / self.among if self.among else None

    @property
    def low(self) -> float | None:
        return None if (ends := wilson_interval(self.counted, self.among)) is None else ends[0]

    @property
    def high(self) -> float | None:
        return None if (ends := wilson_interval(self.counted, self.among)) is None else ends[1]


@dataclass(frozen=True, slots=True)
class Durations:
    """How long handling took. Units: ms. All None where nothing was handled; `p90` is the least that 90 % do not exceed."""

    handled: int
    mean_ms: float | None
    median_ms: float | None
    p90_ms: int | None
    per_class: tuple[int, ...]
    """How many in each class of `DURATION_BOUNDS_MS`."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """Everything known of one set of cases in one period. `counts` has every `Count`, `rates` every one of `RATES`."""

    counts: Mapping[Count, int]
    rates: Mapping[str, Rate]
    clock: Durations
    working: Durations


class IndicatorTally:
    """Counts facts and handlings up. Takes 16 bytes for each handling, and no more for each case."""

    __slots__ = ("_clock", "_counts", "_working")

    def __init__(self) -> None:
        self._counts: Counter[Count] = Counter()
        self._clock, self._working = array("q"), array("q")

    def add(self, facts: Iterable[Fact], handlings: Iterable[Handling]) -> None:
        """Count these in."""
        self._counts.update([fact.what for fact in facts])
        for handling in handlings:
            self._clock.append(handling.clock_ms)
            self._working.append(handling.working_ms)

    def indicators(self) -> Indicators:
        counts = {count: self._counts[count] for count in Count}
        rates = {name: rate_of(rate, counts) for name, rate in RATES.items()}
        return Indicators(counts, rates, durations_of(self._clock), durations_of(self._working))


def rate_of(rate: RateOf, counts: Mapping[Count, int]) -> Rate:
    """A rate from its counts."""
    counted = counts[rate.counted] - sum(counts[less] for less in rate.less)
    return Rate(counted, sum(counts[one] for one in rate.among))


def durations_of(times_ms: "array[int]") -> Durations:
    """Mean, median, 90th percentile and classes; in any order."""
    ordered = sorted(times_ms)
    n = len(ordered)
    ends = [0]
    per_class = []
    for bound_ms in DURATION_BOUNDS_MS:
        ends.append(bisect_left(ordered, bound_ms + 1))
        per_class.append(ends[-1] - ends[-2])
    per_class.append(n - ends[-1])
    if not n:
        return Durations(0, None, None, None, tuple(per_class))
    median_ms = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return Durations(n, sum(ordered) / n, median_ms, ordered[ceil(n * 0.9) - 1], tuple(per_class))
