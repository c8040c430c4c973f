"""Water monitors: in drains, on roads that stand under water first, rain gauges on roofs, stations by the river."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from domain.devices import AttributeValue, Device
from simulators.city.blueprint import Blueprint, MonitorSort
from simulators.city.placement import Placement
from simulators.city.shares import dealt
from simulators.dialects import DialectName, identity_of, station_attributes
from simulators.drainage import Drain, DrainNet, Manhole
from simulators.ground.streets import GroundPlan, Point, Spot, river_row
from simulators.noise.seeded import key_of, mixed, uniform


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

_STATION_EVERY_M: Final = 600.0
_OFF_THE_STREET_M: Final = (38.0, 31.0)
_BANK_M: Final = 22.0
_ALERT: Final = 0.65
"""Of the depth of a well: so far up in it water counts as high."""


class _Site(NamedTuple):
    spot: Spot
    manhole: Manhole | None = None
    on_river: bool = False


class Monitors:
    """The water monitors of a city."""

    def __init__(
        self, seed: int, blueprint: Blueprint, ground: Placement, plan: GroundPlan, drains: DrainNet, count: int
    ) -> None:
        self._seed, self._part, self._ground = seed, blueprint.monitors, ground
        self._plan, self._drains = plan, drains
        self._division = blueprint.place.division
        self._sorts = dealt({sort: one.share for sort, one in self._part.sorts.items()}, count)

    def devices(self) -> Iterator[Device]:
        counts = {sort: self._sorts.count(sort) for sort in self._part.sorts}
        sites = {sort: self._sites(sort, count) for sort, count in counts.items() if count}
        dialects = {sort: dealt(self._part.sorts[sort].dialects, count) for sort, count in counts.items()}
        beats = {
            sort: dealt({r.every_s: r.share for r in self._part.sorts[sort].rhythms}, n) for sort, n in counts.items()
        }
        given = dict.fromkeys(self._part.sorts, 0)
        for number, sort in enumerate(self._sorts):
            own, given[sort] = given[sort], given[sort] + 1
            yield self._monitor(
                number, sort, sites[sort][own % len(sites[sort])], dialects[sort][own], beats[sort][own]
            )

    def _sites(self, sort: MonitorSort, count: int) -> Sequence[_Site]:
        """Where the monitors of a sort stand, in the order in which they are put there; never empty."""
        match sort:
            case MonitorSort.QUALITY:
                on_banks = min(count, self._most_on_banks)
                return [
                    *(_Site(self._bank((n + 0.5) / on_banks), on_river=True) for n in range(on_banks)),
                    *self._even(count - on_banks),
                ]
            case MonitorSort.RAIN:
                return self._even(count)
            case MonitorSort.ROAD:
                low = self._drawn(sort, [m for m in self._drains.manholes if m.drain is Drain.STORM and m.is_low])
                rest = self._drawn(sort, [m for m in self._drains.manholes if m.drain is Drain.STORM and not m.is_low])
                return [_Site(_moved(manhole.spot, (9, 5)), manhole) for manhole in (*low, *rest)]
            case MonitorSort.DRAIN | MonitorSort.ALL:
                return [_Site(_moved(manhole.spot, (-3, 0.5)), manhole) for manhole in self._trunks(sort)]

    def _even(self, count: int) -> list[_Site]:
        """Places off the streets, evenly over the city: roofs, canals."""
        junctions = self._plan.junctions
        even = [junctions[int((n + 0.5) * len(junctions) / count)] for n in range(count)]
        return [_Site(_moved(spot, _OFF_THE_STREET_M)) for spot in even]

    @property
    def _most_on_banks(self) -> int:
        river = self._plan.river
        return int(sum(math.dist(a, b) for a, b in pairwise(river)) / _STATION_EVERY_M)

    def _trunks(self, sort: MonitorSort) -> list[Manhole]:
        """Sewage manholes, those through which more than the median flows first; of drains every third a storm manhole."""
        sewage = [manhole for manhole in self._drains.manholes if manhole.drain is Drain.SEWAGE]
        usual_m3_h = median(manhole.mean_flow_m3_h for manhole in sewage)
        found = self._drawn(sort, sewage)
        found.sort(key=lambda manhole: manhole.mean_flow_m3_h < usual_m3_h)
        if sort is MonitorSort.ALL:
            return found
        storm = self._drawn(sort, [manhole for manhole in self._drains.manholes if manhole.drain is Drain.STORM])
        pairs = zip(found[::2], found[1::2], storm, strict=False)
        return [manhole for three in pairs for manhole in three]

    def _drawn(self, sort: MonitorSort, manholes: Sequence[Manhole]) -> list[Manhole]:
        key = key_of(self._seed, "monitors", sort)
        return sorted(manholes, key=lambda manhole: mixed(key, manhole.spot.row, manhole.spot.column))

    def _bank(self, share: float) -> Spot:
        """A point on the northern bank, that share of the river's length from its western end."""
        river = self._plan.river
        at = share * (len(river) - 1)
        (west, south), (east, north) = river[int(at)], river[int(at) + 1]
        length_m = math.hypot(east - west, north - south)
        column = min(int(share * self._plan.columns), self._plan.columns - 1)
        return Spot(
            west + (at % 1) * (east - west) - _BANK_M * (north - south) / length_m,
            south + (at % 1) * (north - south) + _BANK_M * (east - west) / length_m,
            river_row(self._plan.rows),
            column,
        )

    def _monitor(self, number: int, sort: MonitorSort, site: _Site, dialect: DialectName, every_s: int) -> Device:
        class_, at = _CLASSES[sort], self._ground.stand(*site.spot)
        attributes = self._attributes(sort, site, key_of(self._seed, "monitor", str(number)))
        if dialect is not DialectName.NATIVE:
            attributes["dialect"] = dialect.value
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
            report_interval_s=every_s,
            attributes=attributes,
            grid=at.grid,
            **identity_of(dialect, f"{self._division}{number + 1:08d}"),
        )

    def _attributes(self, sort: MonitorSort, site: _Site, key: int) -> dict[str, AttributeValue]:
        found: dict[str, AttributeValue] = {} if sort is MonitorSort.ALL else {"sort": sort.value}
        match sort:
            case MonitorSort.RAIN:
                found["installed_height"] = 0.7
            case MonitorSort.QUALITY:
                found["water_body"] = "river" if site.on_river else "canal"
                found |= station_attributes()
            case MonitorSort.ROAD:
                found["installed_height"] = round(uniform(key, 4, low=2.5, high=4.0), 2)
        if (manhole := site.manhole) is None:
            return found
        found |= {"manhole": manhole.manhole_id, "drain": manhole.drain.value}
        if sort is not MonitorSort.ROAD:
            found |= {
                "pipe_diameter_mm": float(self._drains.pipe_from(manhole.manhole_id).diameter_mm),
                "mean_flow_m3_h": manhole.mean_flow_m3_h,
                "alert_level_m": round(_ALERT * manhole.depth_m, 2),
                "installed_height": manhole.depth_m,
            }
        return found


def _moved(spot: Spot, by_m: Point) -> Spot:
    return Spot(spot.east_m + by_m[0], spot.north_m + by_m[1], spot.row, spot.column)
