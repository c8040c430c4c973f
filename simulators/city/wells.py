"""Covers over wells: sewage and storm manholes at junctions, the other wells along the streets, some on LoRaWAN."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, NamedTuple

from domain.devices import AttributeValue, Device
from simulators.city.blueprint import LORAWAN, Blueprint, WellSort
from simulators.city.placement import Placement
from simulators.city.shares import dealt
from simulators.dialects import DialectName
from simulators.drainage import Drain, DrainNet, Manhole
from simulators.ground.streets import GroundPlan, Spot, Street, point_on
from simulators.noise.seeded import key_of, mixed, uniform


class WellClass(NamedTuple):
    """What the city calls a cover, and who looks after it."""

    component_class: str
    name: str
    department: str
    aside_m: float


CLASSES: Final = {
    WellSort.SEWAGE: WellClass("0102", "sewer cover", "drainage", 1.5),
    WellSort.STORM: WellClass("0103", "storm drain cover", "drainage", -2.5),
    WellSort.SUPPLY: WellClass("0101", "water supply cover", "water", -4.0),
    WellSort.LIGHTING: WellClass("0106", "lighting cover", "lighting", 4.2),
    WellSort.POWER: WellClass("0105", "power cover", "power", 3.4),
    WellSort.TELECOM: WellClass("0107", "telecom cover", "telecom", -3.3),
    WellSort.GAS: WellClass("0111", "gas cover", "gas", 2.6),
    WellSort.HEAT: WellClass("0110", "heat supply cover", "heat", -1.8),
}
"""Component classes of GB/T 30428.2 (standards section 1); how far from the axis of the street a well lies is drawn."""

_DRAINS: Final = {WellSort.SEWAGE: Drain.SEWAGE, WellSort.STORM: Drain.STORM}
_EUI_OF_MILESIGHT: Final = "24e124"
_GATEWAY: Final = "0115"
_ON_A_ROOF_M: Final = 25.0


class Site(NamedTuple):
    """Where a well may be; `manhole` is that of the drain it belongs to, None for wells on no drain."""

    spot: Spot
    manhole: Manhole | None = None


Sites = Callable[[WellSort], Sequence[Site]]
"""The places for wells of a sort, in the order in which covers with sensors are put on them; never empty."""


def sites_of(seed: int, plan: GroundPlan, drains: DrainNet) -> Sites:
    """Storm and sewage wells are manholes, then wells on the drain between them; the others lie along the streets."""

    def sites(sort: WellSort) -> list[Site]:
        key, aside_m = key_of(seed, "wells", sort), CLASSES[sort].aside_m
        drain = _DRAINS.get(sort)
        found = [
            Site(spot, drains.at(drain, spot) if drain else None)
            for street in plan.streets
            for spot in _along(street, aside_m)
        ]
        found.sort(key=lambda site: mixed(key, int(site.spot.east_m * 10), int(site.spot.north_m * 10)))
        if drain is None:
            return found
        manholes = sorted(
            (manhole for manhole in drains.manholes if manhole.drain is drain),
            key=lambda manhole: mixed(key, manhole.spot.row, manhole.spot.column),
        )
        return [Site(_aside(manhole.spot, aside_m), manhole) for manhole in manholes] + found

    return sites


def _aside(spot: Spot, aside_m: float) -> Spot:
    return Spot(spot.east_m + aside_m, spot.north_m + aside_m, spot.row, spot.column)


def _along(street: Street, aside_m: float) -> Iterator[Spot]:
    """Two places in each block, a quarter of it from either end, and a little this way or that by `aside_m`."""
    for number, block in enumerate(street.blocks):
        lengths = [math.dist(a, b) for a, b in pairwise(block)]
        for quarter in (0.25, 0.75):
            (east_m, north_m), (ahead_east, ahead_north) = point_on(
                block, lengths, quarter * sum(lengths) + 3 * aside_m
            )
            near = street.spots[number if quarter < 0.5 else number + 1]
            yield Spot(east_m - aside_m * ahead_north, north_m + aside_m * ahead_east, near.row, near.column)


def neighbourhoods(sites: Sequence[tuple[Spot, str]], parts: int) -> Iterator[Sequence[tuple[Spot, str]]]:
    """The sites in so many parts of equal size or nearly, cut across the wider side again and again; none is empty."""
    if parts <= 1:
        if sites:
            yield sites
        return
    wide = [max(site[0][axis] for site in sites) - min(site[0][axis] for site in sites) for axis in (0, 1)]
    ordered = sorted(sites, key=lambda site: (site[0][wide.index(max(wide))], site[1]))
    cut = len(sites) * (parts // 2) // parts
    yield from neighbourhoods(ordered[:cut], parts // 2)
    yield from neighbourhoods(ordered[cut:], parts - parts // 2)


class Covers:
    """The covers of a city and the LoRaWAN gateways that receive some of them."""

    def __init__(self, seed: int, blueprint: Blueprint, count: int) -> None:
        self._seed, self._blueprint = seed, blueprint
        self._division = blueprint.place.division
        self._dialects = dealt(blueprint.covers.dialects, count)
        self._spots: dict[str, Spot] = {}

    def without_gateways(self) -> "Covers":
        """The same covers, all of which send by themselves: for a city that is too small."""
        self._dialects = [DialectName.NATIVE] * len(self._dialects)
        return self

    @property
    def gateways(self) -> int:
        """How many gateways receive them."""
        each = self._blueprint.gateways.covers_each
        return sum(-(-self._dialects.count(network) // each) for network in LORAWAN)

    def devices(self, placement: Placement, sites: Sites, first_gateway: int) -> Iterator[Device]:
        """Gateways, numbered from `first_gateway`, then covers."""
        covers = list(self._covers(placement, sites))
        received_by: dict[str, str] = {}
        number = first_gateway
        for network in LORAWAN:
            received = [
                (self._spots[cover.device_id], cover.device_id)
                for cover, dialect in zip(covers, self._dialects, strict=True)
                if dialect is network
            ]
            for own in neighbourhoods(received, -(-len(received) // self._blueprint.gateways.covers_each)):
                gateway = self._gateway(placement, number, network, [spot for spot, _ in own])
                received_by |= dict.fromkeys((device_id for _, device_id in own), gateway.device_id)
                number += 1
                yield gateway
        for cover in covers:
            parent = received_by.get(cover.device_id)
            yield cover if parent is None else replace(cover, parent_id=parent)

    def _covers(self, placement: Placement, sites: Sites) -> Iterator[Device]:
        part = self._blueprint.covers
        sorts = dealt({sort: well.share for sort, well in part.wells.items()}, len(self._dialects))
        wells = {sort: sites(sort) for sort in part.wells}
        counts = dict.fromkeys(part.wells, 0)
        gas = {sort: dealt({False: 1 - w.gas, True: w.gas}, sorts.count(sort)) for sort, w in part.wells.items()}
        rhythms = dealt({rhythm.every_s: rhythm.share for rhythm in part.rhythms}, len(sorts))
        for number, sort in enumerate(sorts):
            own, counts[sort] = counts[sort], counts[sort] + 1
            site = wells[sort][own % len(wells[sort])]
            every_s = part.rhythms[0].every_s if gas[sort][own] else rhythms[number]
            yield self._cover(placement, number, sort, site, every_s, gas[sort][own])

    def _cover(
        self, placement: Placement, number: int, sort: WellSort, site: Site, every_s: int, has_gas_sensor: bool
    ) -> Device:
        well, key = CLASSES[sort], key_of(self._seed, "cover", str(number))
        at = placement.stand(*site.spot)
        shallowest_m, deepest_m = self._blueprint.covers.wells[sort].depth_m
        drawn_m = round(uniform(key, 2, low=shallowest_m, high=deepest_m), 2)
        attributes: dict[str, AttributeValue] = {
            "well_depth_m": site.manhole.depth_m if site.manhole else drawn_m,
            "cover_class": sort.value,
            "cover_diameter_mm": 700.0,
        }
        if site.manhole:
            attributes["manhole"] = site.manhole.manhole_id
        if has_gas_sensor:
            attributes["gas_sensor"] = True
        dialect = self._dialects[number]
        if dialect is not DialectName.NATIVE:
            attributes["dialect"] = dialect.value
        device_id = f"MH-{self._division}-{number + 1:06d}"
        self._spots[device_id] = site.spot
        return Device(
            device_id=device_id,
            kind="manhole_cover",
            profile="manhole_cover",
            name=f"{well.name.capitalize()} {number + 1}",
            area=at.area,
            lon=at.lon,
            lat=at.lat,
            component_code=f"{self._division}{well.component_class}{number + 1:06d}",
            department=well.department,
            report_interval_s=every_s,
            dev_eui=f"{_EUI_OF_MILESIGHT}{self._seed & 0xFFF:03x}{number + 1:07x}" if dialect in LORAWAN else None,
            attributes=attributes,
            grid=at.grid,
        )

    def _gateway(self, placement: Placement, number: int, network: DialectName, received: Sequence[Spot]) -> Device:
        """A gateway on a roof near the cover in the middle of those it receives."""
        middle = [sum(spot[axis] for spot in received) / len(received) for axis in (0, 1)]
        spot = min(received, key=lambda spot: math.dist(spot[:2], middle))
        at = placement.stand(spot.east_m + _ON_A_ROOF_M, spot.north_m + _ON_A_ROOF_M, spot.row, spot.column)
        return Device(
            device_id=f"GW-{self._division}-{number + 1:06d}",
            kind="gateway",
            profile="gateway",
            name=f"LoRaWAN gateway {number + 1}",
            area=at.area,
            lon=at.lon,
            lat=at.lat,
            component_code=f"{self._division}{_GATEWAY}{number + 1:06d}",
            department="telecom",
            report_interval_s=self._blueprint.gateways.every_s,
            attributes={"network": network.value, "height_m": 25.0},
            grid=at.grid,
        )
