"""One device's windows: the readings its signals look at, and their values at a report."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, Final

from domain.quantities.catalogue import CATALOGUE
from rules.language.signals.running import Facts, Running, running_of
from rules.language.signals.signal import Signal
from rules.language.values import usable

_TRIM_AT: Final = 32
"""Readings that no window needs any more are let go this many at a time."""
Source = tuple[str, bool]
"""Which readings a series holds: the quantity, and whether those of quality suspect are among them."""
Settled = dict[str, tuple[list[int], list[float]]]
"""The part of each series that only its snapshot knows: times and values, by the name of its source."""


class Layout:
    """The signals of some devices: which series there are, how far each must reach back, and who reads it."""

    def __init__(self, signals: Iterable[Signal]) -> None:
        self.signals = tuple({signal.label: signal for signal in signals}.values())
        self.labels = tuple(signal.label for signal in self.signals)
        self.keep_ms: dict[Source, int] = {}
        for signal in self.signals:
            source = (signal.of, signal.accepts_suspect)
            self.keep_ms[source] = max(self.keep_ms.get(source, 0), signal.over_ms)
        self.sources = tuple(self.keep_ms)
        self.quantities = tuple((quantity, CATALOGUE[quantity].boolean) for quantity, _ in self.sources)
        self.places = tuple(self.sources.index((signal.of, signal.accepts_suspect)) for signal in self.signals)


class QuantitySeries:
    """Readings of one quantity in observed order, and the windows on them."""

    __slots__ = ("runnings", "times", "values")

    def __init__(self) -> None:
        self.times: array[int] = array("q")
        self.values: array[float] = array("d")
        self.runnings: list[Running] = []

    def put(self, t: int, value: float) -> None:
        """Take a reading in its place; the first of an instant stays."""
        times = self.times
        if not times or t > times[-1]:
            times.append(t)
            self.values.append(value)
            return
        at = bisect_left(times, t)
        if times[at] == t:
            return
        times.insert(at, t)
        self.values.insert(at, value)
        for running in self.runnings:
            running.inserted(at)

    def trim(self, before_ms: int) -> None:
        """Let go of readings at or before that time, where there are enough to be worth it."""
        times = self.times
        if len(times) <= _TRIM_AT or times[_TRIM_AT - 1] > before_ms:
            return
        count = bisect_right(times, before_ms)
        del times[:count], self.values[:count]
        for running in self.runnings:
            running.trimmed(count)


class Windows:
    """The series and windows of one device, as its plan lays them out."""

    __slots__ = ("_layout", "_series", "_taken")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._series = tuple(QuantitySeries() for _ in layout.sources)
        self._taken: tuple[tuple[str, Running, QuantitySeries], ...] = tuple(
            (label, running_of(signal), self._series[place])
            for label, signal, place in zip(layout.labels, layout.signals, layout.places, strict=True)
        )
        for _, running, series in self._taken:
            series.runnings.append(running)

    def put(self, t: int, quantity: str, value: Any, *, suspect: bool = False) -> None:
        """Take a reading that was reported as good or suspect; what is no number of that quantity is left out."""
        for source, series in zip(self._layout.sources, self._series, strict=True):
            if source[0] == quantity and (source[1] or not suspect):
                number = as_number(quantity, value)
                if number is not None:
                    series.put(t, number)

    def put_good(self, t: int, readings: Mapping[str, Any]) -> None:
        """Take what matters of a report in which nothing is marked."""
        for (quantity, boolean), series in zip(self._layout.quantities, self._series, strict=True):
            value = readings.get(quantity)
            if boolean or value.__class__ is not float or not -_LARGEST <= value <= _LARGEST:
                value = as_number(quantity, value)
            if value is not None:
                series.put(t, value)

    def at(self, t: int, facts: Facts) -> dict[str, float]:
        """The signals at that instant by their labels; those whose windows hold too little are left out."""
        found = {}
        for label, running, series in self._taken:
            value = running.value(series.times, series.values, t, facts)
            if value is not None:
                found[label] = value
        return found

    def trim(self, settled_ms: int) -> None:
        """Nothing at or before `settled_ms` will be judged again."""
        for keep_ms, series in zip(self._layout.keep_ms.values(), self._series, strict=True):
            series.trim(settled_ms - keep_ms)

    def settled(self, settled_ms: int) -> Settled:
        """The readings up to `settled_ms` that windows may still look at."""
        found: Settled = {}
        for source, series in zip(self._layout.sources, self._series, strict=True):
            begin = bisect_right(series.times, settled_ms - self._layout.keep_ms[source])
            end = bisect_right(series.times, settled_ms)
            if end > begin:
                found[_name(source)] = (series.times[begin:end].tolist(), series.values[begin:end].tolist())
        return found

    def take_settled(self, settled: Mapping[str, Iterable[Iterable[Any]]]) -> None:
        """Take back what `settled` gave, of this or another layout."""
        for source, series in zip(self._layout.sources, self._series, strict=True):
            for t, value in zip(*settled.get(_name(source), ((), ())), strict=True):
                series.put(t, value)


def as_number(quantity: str, value: object) -> float | None:
    """A reading as signals count it: truth values are 1 and 0; None where it is no value of that quantity."""
    found = usable(quantity, value)
    return float(found) if found is not None and abs(found) <= _LARGEST else None


_LARGEST: Final = 1e12
"""What is beyond this is a broken device and no reading of anything in a city."""


def _name(source: Source) -> str:
    return f"{source[0]}~" if source[1] else source[0]
