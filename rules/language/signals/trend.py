"""When a quantity will cross a level, by a straight line that single outliers do not bend.

Source: Theil (1950), Sen (1968): the slope is the median of the slopes of all pairs of points; up to 29 % of the points
may be wrong without spoiling it.
"""

from collections.abc import Collection
from statistics import median
from typing import Final

from domain.time.units import HOUR_MS

MIN_POINTS: Final = 3


def hours_until(
    level: float, points: Collection[tuple[int, float]], within_h: float, at_ms: int, *, falling: bool
) -> float | None:
    """Hours from `at_ms` until the trend is at `level`: 0 if it is there already, `within_h` if it takes longer or never.

    Shape: points are (epoch ms, value) by time, at most a few dozen, since all pairs are looked at; None for fewer than
    three. `falling`: the level is reached from above.
    """
    if len(points) < MIN_POINTS:
        return None
    sign = -1.0 if falling else 1.0
    line = [((t - at_ms) / HOUR_MS, sign * value) for t, value in points]
    slope = median([(y2 - y1) / (x2 - x1) for i, (x2, y2) in enumerate(line) for x1, y1 in line[:i]])
    missing = sign * level - median([y - slope * x for x, y in line])
    if missing <= 0:
        return 0.0
    return min(missing / slope, within_h) if slope > 0 else within_h
