"""What operators watch in the water, device by device, with the marks of the rule library.

A value is looked at twice, by what an instrument may at most show of it and by what it is sure to show.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.drainage.manhole_positions import is_rain_gauge
from simulators.drainage.net import Manhole
from simulators.drainage.swmm import Series
from simulators.drainage.water import SLOT_MINUTES
from simulators.world.state import World

_WELL_MARGIN_M: Final = 0.02
_LEVEL_MARGIN_M: Final = 0.04
_PONDING_MARGIN_CM: Final = 0.8
_RAIN_MARGIN_MM: Final = 0.4
"""The most that instruments can be off: three and a half times their noise (`behaviour.water`), and two tips of a gauge."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What operators watch on one device: a value that reaches `on`, until it is below `off`.

    It is asked for once it has been so for `for_ms`. `problems` may be raised, `explained` may come with them. A `silent`
    one explains only, and only where the value came up to `reaches`.
    """

    kind: str
    on: float
    off: float
    problems: tuple[str, ...]
    explained: tuple[str, ...]
    for_ms: int = 0
    silent: bool = False
    reaches: float = 0.0


CONFIRMED_MS: Final = 2 * MINUTE_MS
"""Within which a device that knows its marks has reported twice that it is past one."""

Values = Callable[[int], tuple[Series, Series] | None]
"""Of a slot, by minute: (what may at most be shown, what is sure to be shown); None where nothing worth a look happens."""


@dataclass(frozen=True, slots=True)
class MarkedSeries:
    """One series of one device, and all that is watched on it."""

    device: Device
    values: Values
    watches: tuple[Mark, ...]

    @property
    def reports_at_once(self) -> bool:
        """Whether the device knows its marks and reports out of turn when one is passed; a gauge only counts.

        Source: GB/T 41401-2022 asks it of covers, within 30 s; SL 651-2014 knows the extra report of levels [mem].
        """
        return not is_rain_gauge(self.device)

    def needs_ms(self, watch: Mark) -> int:
        """How long it must be sure to be seen, for the device to have reported it often enough whatever its phase."""
        if self.reports_at_once and watch.for_ms <= MINUTE_MS:
            return watch.for_ms + CONFIRMED_MS
        return self.needs_in_turn_ms(watch)

    def needs_in_turn_ms(self, watch: Mark) -> int:
        """The same for a device that was out of reach when the mark was passed: its next reports show it."""
        interval_ms = 1000 * self.device.report_interval_s
        return interval_ms + -(-watch.for_ms // interval_ms) * interval_ms


def marked_series_of(device: Device, world: World) -> Iterator[MarkedSeries]:
    """Everything that is watched on a device: only where it has a sensor for it."""
    position = world.manhole_position(device.device_id)
    if position.drain is not None and device.kind == "manhole_cover":
        depth_m = float(device.attributes.get("well_depth_m", position.drain.depth_m))
        yield MarkedSeries(device, _levels(position.drain, world, _WELL_MARGIN_M), _of_well(depth_m))
    elif position.drain is not None and "alert_level_m" in device.attributes:
        alert_m = float(device.attributes["alert_level_m"])
        yield MarkedSeries(device, _levels(position.drain, world, _LEVEL_MARGIN_M), (_of_drain(alert_m),))
    if position.road is not None:
        yield MarkedSeries(device, _ponding(position.road, world), _OF_ROAD)
    if is_rain_gauge(device):
        for hours, watches in _OF_RAIN.items():
            yield MarkedSeries(device, _fallen(device, world, hours), watches)


def _of_well(depth_m: float) -> tuple[Mark, ...]:
    high, over, expected = "well-high", "well-overflow", "well-overflow-expected"
    return (
        Mark(high, 0.8 * depth_m, 0.7 * depth_m, (high, over), (high, over, expected), for_ms=MINUTE_MS),
        Mark("overflow", depth_m, 0.95 * depth_m, (over,), (high, over, expected)),
        Mark("well-filling", 0.4 * depth_m, 0.4 * depth_m, (), (expected,), silent=True, reaches=0.8 * depth_m),
    )


def _of_drain(alert_m: float) -> Mark:
    problems = ("water-level-high",)
    return Mark("water-level-high", alert_m, alert_m - 0.2, problems, problems, for_ms=10 * MINUTE_MS)


def _worse(kind: str, grade: str, on: float, off: float) -> Mark:
    """A worse grade of what is raised already. It asks for nothing besides: the score knows problems, not severities."""
    return Mark(f"{kind}-{grade}", on, off, (), (kind,))


_OF_ROAD: Final = (
    Mark("ponding", 5, 2, ("ponding",), ("ponding",)),
    _worse("ponding", "yellow", 15, 12),
    _worse("ponding", "orange", 27, 21.6),
    _worse("ponding", "red", 40, 32),
)
_OF_RAIN: Final = {
    12: (Mark("rainstorm-blue", 50, 50, ("rainstorm",), ("rainstorm",)),),
    6: (_worse("rainstorm", "yellow", 50, 50),),
    3: (_worse("rainstorm", "orange", 50, 50), _worse("rainstorm", "red", 100, 100)),
}


def _levels(manhole: Manhole, world: World, margin_m: float) -> Values:
    def values(slot: int) -> tuple[Series, Series] | None:
        if world.drainage.is_usual(manhole, slot):
            return None
        level_m = world.drainage.levels_m(manhole, slot)
        return level_m + margin_m, level_m - margin_m

    return values


def _ponding(manhole: Manhole, world: World) -> Values:
    def values(slot: int) -> tuple[Series, Series] | None:
        if world.drainage.is_usual(manhole, slot):
            return None
        ponding_cm = 100 * np.maximum(world.drainage.levels_m(manhole, slot) - np.float32(manhole.depth_m), 0)
        return ponding_cm + _PONDING_MARGIN_CM, ponding_cm - _PONDING_MARGIN_CM

    return values


def _fallen(gauge: Device, world: World, hours: int) -> Values:
    """The rain of the last hours as a gauge's reports add up: at most a report more, at least a report less."""
    over_ms, interval_ms = hours * HOUR_MS, 1000 * gauge.report_interval_s + MINUTE_MS

    def values(slot: int) -> tuple[Series, Series] | None:
        from_ms = world.drainage.slot_start_ms(slot)
        to_ms = world.drainage.slot_start_ms(slot + 1)
        if world.weather.is_dry(from_ms - over_ms - interval_ms, to_ms):
            return None
        rain = world.weather.rainfall_mm
        times_ms = [from_ms + minute * MINUTE_MS for minute in range(SLOT_MINUTES + 1)]
        most = np.array([rain(at_ms - over_ms - interval_ms, at_ms) for at_ms in times_ms], dtype=np.float32)
        least = np.array([rain(at_ms - over_ms, at_ms - interval_ms) for at_ms in times_ms], dtype=np.float32)
        return most + _RAIN_MARGIN_MM, least - _RAIN_MARGIN_MM

    return values
