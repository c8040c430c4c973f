"""How a town uses water over its day."""

import math
from typing import Final


def daily_demand(hour: float) -> float:
    """How much water a town uses at this hour of its day, 0 to about 1: little at night, most at 7:30 and 19:30."""
    morning, evening = (math.exp(-(((hour - peak) / 2.2) ** 2)) for peak in (7.5, 19.5))
    return 0.15 + 0.35 * math.exp(-(((hour - 13) / 5) ** 2)) + 0.5 * (morning + evening)


_MEAN: Final = sum(daily_demand(minute / 60) for minute in range(1440)) / 1440


def demand_ratio(hour: float) -> float:
    """The use of water at this hour against the day's mean, whose mean is therefore 1."""
    return daily_demand(hour) / _MEAN
