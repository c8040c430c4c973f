"""One line of the bench table: a figure, the floor measured in the same run, and the bar that was set for it."""

import statistics
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

Row = dict[str, Any]
"""{name, value, unit}, of pairs {floor, ratio, cpu_us, floor_cpu_us, cpu_ratio} too, and {bar, holds} where a bar was set:
in words, and whether the figure keeps to it."""


class Pace(NamedTuple):
    """How fast something went. `cpu_us` is this process's CPU time for one, which busy neighbours hardly change."""

    per_s: float
    cpu_us: float


class Stopwatch:
    """Wall and CPU time since it was made."""

    def __init__(self) -> None:
        self._began_s, self._began_cpu_s = time.perf_counter(), time.process_time()

    def pace(self, count: int) -> Pace:
        """Of `count` since then."""
        took_s, cpu_s = time.perf_counter() - self._began_s, time.process_time() - self._began_cpu_s
        return Pace(count / took_s, 1e6 * cpu_s / count)


Pair = tuple[Pace, Pace]
"""(ours, the floor), measured one after the other."""


def paired_row(name: str, pairs: Sequence[Pair], *, at_least: float | None = None) -> Row:
    """The medians; the ratios are those of the pairs, so that a slow moment of the machine weighs on both sides.

    `at_least` is the ratio of throughputs that was asked for; `cpu_ratio` is the same by CPU time.
    """
    row: Row = {
        "name": name,
        "value": statistics.median(ours.per_s for ours, _ in pairs),
        "unit": "reports/s",
        "floor": statistics.median(floor.per_s for _, floor in pairs),
        "ratio": statistics.median(ours.per_s / floor.per_s for ours, floor in pairs),
        "cpu_us": statistics.median(ours.cpu_us for ours, _ in pairs),
        "floor_cpu_us": statistics.median(floor.cpu_us for _, floor in pairs),
        "cpu_ratio": statistics.median(floor.cpu_us / ours.cpu_us for ours, floor in pairs),
    }
    if at_least is not None:
        row |= {"bar": f"ratio ≥ {at_least:.3g}", "holds": row["ratio"] >= at_least}
    return row


def limited_row(name: str, value: float, *, unit: str, at_most: float) -> Row:
    """A figure that must stay at or under a limit."""
    return {"name": name, "value": value, "unit": unit, "bar": f"≤ {at_most:,.4g}", "holds": value <= at_most}
