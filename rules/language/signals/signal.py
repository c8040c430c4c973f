"""A signal as a rule defines it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from domain.quantities.catalogue import CATALOGUE
from domain.time.durations import format_duration, parse_duration_ms


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
            about = f" {sign} {level if isinstance(level, str) else repr(level)}"
            about += f" in {format_duration(self.crossing.within_ms)}"
        suspect = ", suspect" if self.accepts_suspect else ""
        return f"{self.take}({self.of}{about}, {format_duration(self.over_ms)}{suspect})"

    @property
    def unit(self) -> str:
        """The UCUM unit of its value."""
        unit = CATALOGUE[self.of].unit
        match self.take:
            case Take.COUNT:
                return "1"
            case Take.FORECAST:
                return "h"
            case Take.RATE:
                return f"{'' if unit == '1' else unit}/h"
        return unit

    def worded(self, value: float, *, chinese: bool) -> str:
        """Its value for people: `Active power, mean over 5m: 12.3 W`."""
        quantity = CATALOGUE[self.of]
        span = format_duration(self.over_ms)
        if chinese:
            text = f"{quantity.title_zh}（{span} {_CHINESE[self.take]}）{value:.6g}"
        else:
            text = f"{quantity.title_en}, {self.take} over {span}: {value:.6g}"
        return f"{text} {unit_sign(self.unit)}".rstrip()


@lru_cache(4_096)
def parse_label(label: str) -> Signal | None:
    """The signal of a label, also of one that no rule defines any more; None where it is no label."""
    match = _LABEL.fullmatch(label)
    if match is None:
        return None
    crossing = None
    if match["sign"]:
        level = match["level"]
        number = re.fullmatch(_NUMBER, level)
        crossing = Crossing(
            float(level) if number else level, parse_duration_ms(match["within"]), match["sign"] == "<="
        )
    over_ms = parse_duration_ms(match["over"])
    return Signal(match["of"], Take(match["take"]), over_ms, crossing, match["suspect"] is not None)


_NUMBER: Final = r"-?[0-9.]+(?:e[+-]?[0-9]+)?"
_LABEL: Final = re.compile(
    rf"(?P<take>{'|'.join(Take)})\((?P<of>\w+)(?: (?P<sign>[<>]=) (?P<level>{_NUMBER}|\w+) in (?P<within>\w+))?"
    r", (?P<over>\w+)(?P<suspect>, suspect)?\)"
)
_CHINESE: Final = {
    Take.LAST: "最新值", Take.MIN: "最小值", Take.MAX: "最大值", Take.MEAN: "平均值", Take.SUM: "累计", Take.DELTA: "变化",
    Take.RATE: "变化率", Take.COUNT: "次数", Take.STDDEV: "标准差", Take.FORECAST: "预计到达",
}  # fmt: skip
_UNIT_SIGNS: Final = {"1": "", "Cel": "°C", "deg": "°", "[pH]": "", "[NTU]": "NTU", "[ppm]": "ppm", "%{LEL}": "%LEL"}


def unit_sign(unit: str) -> str:
    """How people write a UCUM unit."""
    return _UNIT_SIGNS.get(unit, unit)
