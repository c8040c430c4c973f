"""Water monitors: in drains, on roads that stand under water first, rain gauges on roofs, stations by the river."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domain.devices import AttributeValue, Device
from simulators.city.blueprint import NATIVE, Blueprint, MonitorSort
from simulators.city.ground import Ground
from simulators.city.shares import dealt
from simulators.noise import key_of, mixed, uniform
from simulators.streets import GroundPlan, Spot


class _Class(NamedTuple):
    component_class: str
    name: str
    department: str


_CLASSES: Final = {
    MonitorSort.ALL: _Class("0601", "Water monitor", "drainage"),
    MonitorSort.DRAIN: _Class("0601", "Drain monitor", "drainage"),
    MonitorSort.ROAD: _Class("0602", "Ponding monitor", "drainage"),
    MonitorSort.RAIN: _Class("0603", "Rain gauge", "drainage"),
    MonitorSort.QUALITY: _Class("0604", "Water quality station", "environment"),
}
"""City-local component classes: the standard has none for water monitors (standards section 1)."""

_SURFACE_WATER, _SEWAGE_OUTLET = 21.0, 32.0
"""System codes of HJ 212-2017."""
_BANK_M: Final = 22.0


class Monitors:
    """The water monitors of a city."""

    def __init__(self, seed: int, blueprint: Blueprint, ground: Ground, plan: GroundPlan, count: int) -> None:
        self._seed, self._part, self._ground, self._plan = seed, blueprint.monitors, ground, plan
        self._division = blueprint.place.division
        self._sorts = dealt({sort: one.share for sort, one in self._part.sorts.items()}, count)

    def devices(self) -> Iterator[Device]:
        counts = {sort: self._sorts.count(sort) for sort in self._part.sorts}
        sites = {sort: self._sites(sort, count) for sort, count in counts.items() if count}
        spoken = {sort: dealt(self._part.sorts[sort].dialects, count) for sort, count in counts.items()}
        given = dict.fromkeys(self._part.sorts, 0)
        for number, sort in enumerate(self._sorts):
            own, given[sort] = given[sort], given[sort] + 1
            yield self._monitor(number, sort, sites[sort][own % len(sites[sort])], spoken[sort][own])

    def _sites(self, sort: MonitorSort, count: int) -> Sequence[Spot]:
        """Where the monitors of a sort stand: drawn junctions, for gauges and stations evenly over the city."""
        if sort is MonitorSort.QUALITY and self._plan.river:
            return [self._bank((n + 0.5) / count) for n in range(count)]
        junctions, key = self._plan.junctions, key_of(self._seed, "monitors", sort)
        if sort in (MonitorSort.RAIN, MonitorSort.QUALITY):
            even = [junctions[int((n + 0.5) * len(junctions) / count)] for n in range(count)]
            return [Spot(s.east_m + 38, s.north_m + 31, s.row, s.column) for s in even]
        drawn = sorted(junctions, key=lambda spot: mixed(key, spot.row, spot.column))
        aside = (9.0, 5.0) if sort is MonitorSort.ROAD else (-3.0, 0.5)
        return [Spot(s.east_m + aside[0], s.north_m + aside[1], s.row, s.column) for s in drawn]

    def _bank(self, share: float) -> Spot:
        """A point on the northern bank, that share of the river's length from its western end."""
        river = self._plan.river
        at = share * (len(river) - 1)
        (west, south), (east, north) = river[int(at)], river[int(at) + 1]
        length_m = math.hypot(east - west, north - south)
        row = min(range(self._plan.rows), key=lambda row: abs(self._plan.junctions[row * self._plan.columns].north_m))
        column = min(int(share * self._plan.columns), self._plan.columns - 1)
        return Spot(
            west + (at % 1) * (east - west) - _BANK_M * (north - south) / length_m,
            south + (at % 1) * (north - south) + _BANK_M * (east - west) / length_m,
            row,
            column,
        )

    def _monitor(self, number: int, sort: MonitorSort, spot: Spot, dialect: str) -> Device:
        class_, at = _CLASSES[sort], self._ground.stand(*spot)
        attributes = self._attributes(sort, key_of(self._seed, "monitor", str(number)))
        if dialect != NATIVE:
            attributes["dialect"] = dialect
        return Device(
            device_id=f"WM-{self._division}-{number + 1:06d}",
            kind="water_monitor",
            profile="water_monitor",
            name=f"{class_.name} {number + 1}",
            area=at.area,
            lon=at.lon,
            lat=at.lat,
            component_code=f"{self._division}{class_.component_class}{number + 1:06d}",
            department=class_.department,
            report_interval_s=self._part.sorts[sort].every_s,
            mn=f"{self._division}{number + 1:08d}" if dialect == "hj212" else None,
            attributes=attributes,
            grid=at.grid,
        )

    def _attributes(self, sort: MonitorSort, key: int) -> dict[str, AttributeValue]:
        drain: dict[str, AttributeValue] = {
            "pipe_diameter_mm": (600.0, 800.0, 1000.0)[mixed(key, 2) % 3],
            "mean_flow_m3_h": round(uniform(key, 3, low=120, high=480), 1),
            "alert_level_m": 2.5,
        }
        match sort:
            case MonitorSort.ALL:
                return drain
            case MonitorSort.DRAIN:
                height_m = round(uniform(key, 4, low=3.2, high=4.5), 2)
                return {"sort": sort.value, "installed_height": height_m, **drain}
            case MonitorSort.ROAD:
                return {"sort": sort.value, "installed_height": round(uniform(key, 4, low=2.5, high=4.0), 2)}
            case MonitorSort.RAIN:
                return {"sort": sort.value, "installed_height": 0.7}
            case MonitorSort.QUALITY:
                on_river = bool(self._plan.river)
                return {
                    "sort": sort.value,
                    "water_body": "river" if on_river else "outfall",
                    "hj212_st": _SURFACE_WATER if on_river else _SEWAGE_OUTLET,
                }
