"""A signal as a rule defines it."""

from dataclasses import dataclass
from enum import StrEnum

from domain.durations import format_duration


class Take(StrEnum):
    """What a signal takes of the readings in its window."""

    LAST = "last"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    SUM = "sum"
    DELTA = "delta"
    RATE = "rate"
    COUNT = "count"
    STDDEV = "stddev"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True)
class Crossing:
    """The level a forecast is about. `level` is a number or the name of a device attribute; `falling` from above it.

    The forecast is never more than `within_ms`, which also stands for: not at all.
    """

    level: float | str
    within_ms: int
    falling: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """`take` of the quantity `of` in the window (t - over_ms, t].

    Units: those of the quantity; `rate` is per hour, `count` a number of readings, `forecast` hours. A boolean quantity
    counts as 1 and 0. `accepts_suspect`: readings of quality suspect belong to the window, too.
    """

    of: str
    take: Take
    over_ms: int
    crossing: Crossing | None = None
    accepts_suspect: bool = False

    @property
    def label(self) -> str:
        """How evidence names it: `mean(active_power, 5m)`. Equal labels are equal signals."""
        about = ""
        if self.crossing is not None:
            sign = "<=" if self.crossing.falling else ">="
            level = self.crossing.level
            about = f" {sign} {level if isinstance(level, str) else format(level, 'g')}"
            about += f" in {format_duration(self.crossing.within_ms)}"
        suspect = ", suspect" if self.accepts_suspect else ""
        return f"{self.take}({self.of}{about}, {format_duration(self.over_ms)}{suspect})"
