"""What a signal takes of its window, kept up as the window moves on: O(1) for each reading, amortised.

A `Running` looks at one series (times and values in observed order) and moves forward through it. What it returns depends
on the readings in the window alone, never on how it came there: sums are exact integers of millionths, so no rounding is
carried along, and a window that was rebuilt after late data or a restart returns the same to the last bit.
"""

from array import array
from collections.abc import Mapping
from math import sqrt
from typing import Any, Final

from domain.time.units import HOUR_MS
from rules.language.signals.signal import Signal, Take
from rules.language.signals.trend import hours_until

MICRO: Final = 1_000_000
"""Sums and differences are made in millionths of the quantity's unit, so that decimals add up as on paper."""
_BEFORE_EVERYTHING: Final = -(1 << 62)

Facts = Mapping[str, Any]


class Running:
    """The window (at - over_ms, at] of one series: [start, end) of its readings."""

    __slots__ = ("at_ms", "end", "over_ms", "start")

    def __init__(self, signal: Signal) -> None:
        self.over_ms = signal.over_ms
        self.reset()

    def reset(self) -> None:
        """Know nothing; the next `value` reads the series from its beginning."""
        self.start = self.end = 0
        self.at_ms = _BEFORE_EVERYTHING

    def value(self, times: "array[int]", values: "array[float]", at_ms: int, facts: Facts) -> float | None:
        """The value of the window at that instant; None where it holds too little."""
        if at_ms < self.at_ms:
            self.reset()
        self.at_ms = at_ms
        end, count = self.end, len(times)
        while end < count and times[end] <= at_ms:
            self.enter(times[end], values[end])
            end += 1
        self.end = end
        start, before_ms = self.start, at_ms - self.over_ms
        while start < end and times[start] <= before_ms:
            self.leave(times[start], values[start])
            start += 1
        self.start = start
        return self.read(times, values, facts)

    def inserted(self, at: int) -> None:
        """The series got a reading at that index."""
        if at < self.end:
            self.reset()

    def trimmed(self, count: int) -> None:
        """The series lost its first readings."""
        if count <= self.start:
            self.start -= count
            self.end -= count
        else:
            self.reset()

    def enter(self, t: int, value: float) -> None:
        """A reading comes into the window."""

    def leave(self, t: int, value: float) -> None:
        """The oldest reading leaves the window."""

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        raise NotImplementedError


class Last(Running):
    __slots__ = ()

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        return values[self.end - 1] if self.end > self.start else None


class Count(Running):
    __slots__ = ()

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        return float(self.end - self.start)


class Delta(Running):
    """Last minus first; per hour of the time between them if `hourly`."""

    __slots__ = ("_hourly",)

    def __init__(self, signal: Signal) -> None:
        super().__init__(signal)
        self._hourly = signal.take is Take.RATE

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        first, last = self.start, self.end - 1
        if last <= first:
            return None
        difference = round(values[last] * MICRO) - round(values[first] * MICRO)
        if not self._hourly:
            return difference / MICRO
        return difference * HOUR_MS / ((times[last] - times[first]) * MICRO)


class Total(Running):
    """Sum, or mean."""

    __slots__ = ("_mean", "_sum")

    def __init__(self, signal: Signal) -> None:
        self._mean = signal.take is Take.MEAN
        super().__init__(signal)

    def reset(self) -> None:
        super().reset()
        self._sum = 0

    def enter(self, t: int, value: float) -> None:
        self._sum += round(value * MICRO)

    def leave(self, t: int, value: float) -> None:
        self._sum -= round(value * MICRO)

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        count = self.end - self.start
        if not count:
            return None
        return self._sum / (MICRO * count) if self._mean else self._sum / MICRO


class Deviation(Running):
    """The sample's standard deviation, from an exact sum and sum of squares."""

    __slots__ = ("_squares", "_sum")

    def reset(self) -> None:
        super().reset()
        self._sum = self._squares = 0

    def enter(self, t: int, value: float) -> None:
        micros = round(value * MICRO)
        self._sum += micros
        self._squares += micros * micros

    def leave(self, t: int, value: float) -> None:
        micros = round(value * MICRO)
        self._sum -= micros
        self._squares -= micros * micros

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        count = self.end - self.start
        if count < 2:
            return None
        return sqrt((count * self._squares - self._sum * self._sum) / (count * (count - 1))) / MICRO


class Extreme(Running):
    """Least or greatest: a queue of those that nothing later has beaten."""

    __slots__ = ("_queue", "_sign")

    def __init__(self, signal: Signal) -> None:
        self._sign = 1.0 if signal.take is Take.MIN else -1.0
        super().__init__(signal)

    def reset(self) -> None:
        super().reset()
        self._queue: list[tuple[int, float]] = []

    def enter(self, t: int, value: float) -> None:
        signed, queue = self._sign * value, self._queue
        while queue and queue[-1][1] >= signed:
            queue.pop()
        queue.append((t, signed))

    def leave(self, t: int, value: float) -> None:
        if self._queue[0][0] == t:
            del self._queue[0]

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        return self._sign * self._queue[0][1] if self._queue else None


class Forecast(Running):
    """Hours until the robust trend of the window crosses the level, at most `within`.

    The trend goes through the last reading of each sixteenth of the window's length, so it costs the same for any rate of
    reports.
    """

    __slots__ = ("_crossing", "_points", "_slot_ms")
    SLOTS: Final = 16

    def __init__(self, signal: Signal) -> None:
        assert signal.crossing is not None
        self._crossing = signal.crossing
        self._slot_ms = max(signal.over_ms // self.SLOTS, 1)
        super().__init__(signal)

    def reset(self) -> None:
        super().reset()
        self._points: list[tuple[int, float]] = []

    def enter(self, t: int, value: float) -> None:
        points = self._points
        if points and points[-1][0] // self._slot_ms == t // self._slot_ms:
            points[-1] = (t, value)
        else:
            points.append((t, value))

    def leave(self, t: int, value: float) -> None:
        if self._points[0][0] == t:
            del self._points[0]

    def read(self, times: "array[int]", values: "array[float]", facts: Facts) -> float | None:
        crossing = self._crossing
        level = facts.get(crossing.level) if isinstance(crossing.level, str) else crossing.level
        if isinstance(level, bool) or not isinstance(level, int | float):
            return None
        return hours_until(level, self._points, crossing.within_ms / HOUR_MS, self.at_ms, falling=crossing.falling)


_SORTS: Final[Mapping[Take, type[Running]]] = {
    Take.LAST: Last,
    Take.MIN: Extreme,
    Take.MAX: Extreme,
    Take.MEAN: Total,
    Take.SUM: Total,
    Take.DELTA: Delta,
    Take.RATE: Delta,
    Take.COUNT: Count,
    Take.STDDEV: Deviation,
    Take.FORECAST: Forecast,
}


def running_of(signal: Signal) -> Running:
    """What keeps that signal up."""
    return _SORTS[signal.take](signal)
