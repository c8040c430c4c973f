"""The time axis of a chart: where an instant stands across, and the instants written below."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reporting.charts.svg import joined, label

WIDTH: Final = 960
LEFT: Final = 150
_TICKS: Final = 6


class TimeAxis:
    """Where an instant of [from_ms, to_ms) stands between the left and the right edge of a chart."""

    def __init__(self, from_ms: int, to_ms: int, zone: ZoneInfo) -> None:
        self.from_ms, self.to_ms = from_ms, to_ms
        self._zone = zone

    def x(self, at_ms: int) -> float:
        within = min(max(at_ms, self.from_ms), self.to_ms)
        return round(LEFT + (WIDTH - LEFT) * (within - self.from_ms) / (self.to_ms - self.from_ms), 1)

    def wall(self, at_ms: int) -> str:
        return f"{datetime.fromtimestamp(at_ms / 1000, self._zone):%m-%d %H:%M}"

    def labels(self, y: int) -> Markup:
        """Some instants written below a chart."""
        length_ms = self.to_ms - self.from_ms
        return joined(
            [
                label(self.x(at_ms), y, self.wall(at_ms), anchor=anchor)
                for i in range(_TICKS + 1)
                for at_ms, anchor in [
                    (self.from_ms + length_ms * i // _TICKS, "start" if i == 0 else "end" if i == _TICKS else "middle")
                ]
            ]
        )
