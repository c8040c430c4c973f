"""A small city from a seed: lamps on feeders of cabinets, covers over wells at the junctions, water monitors.

streets ──▶ lamps every 30 m ──▶ cut into runs, one cabinet each, two feeders
   └──▶ junctions ──▶ wells with covers, water monitors
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.devices import Device
from simulators.noise import key_of, mixed, uniform
from simulators.place import ZHANGJIAGANG, Place
from simulators.streets import BLOCK_M, GroundPlan, Spot, Street, along, lay_streets

SMALLEST: Final = 4
"""The smallest city has one device of each kind."""

_LAMP_SPACING_M: Final = 30.0
_LAMP_ASIDE_M: Final = 7.0
_GRID_JUNCTIONS, _COMMUNITY_GRIDS, _TOWN_COMMUNITIES = 3, 4, 5
_LAMP_POWER_W: Final = (60.0, 100.0, 150.0, 250.0)
_LAMP, _CABINET, _MONITOR = "0118", "0116", "0601"
"""Component classes: street lamp, power installation, and a city-local one for water monitors (standards section 1)."""


class _Pole(NamedTuple):
    street: Street
    number: int
    spot: Spot


class _Well(NamedTuple):
    component_class: str
    name: str
    cover_class: str
    department: str
    shallowest_m: float
    deepest_m: float


_WELLS: Final = (
    _Well("0102", "sewer cover", "sewage", "drainage", 2.0, 4.5),
    _Well("0103", "storm drain cover", "storm", "drainage", 1.5, 3.5),
    _Well("0101", "water supply cover", "supply", "water", 1.2, 2.0),
    _Well("0106", "lighting cover", "lighting", "lighting", 0.8, 1.2),
)


@dataclass(frozen=True, slots=True)
class City:
    """A place with its streets and devices. Order: cabinets first, so that a parent stands before its children."""

    seed: int
    place: Place
    plan: GroundPlan
    devices: tuple[Device, ...]


def build_city(seed: int, devices: int, place: Place = ZHANGJIAGANG) -> City:
    """The city of `seed` with exactly `devices` devices: about 80 % lamps, 12 % covers, 5 % monitors, 3 % cabinets.

    The same arguments give the same city, on any machine. Raises: ValueError below `SMALLEST` devices.
    """
    if devices < SMALLEST:
        raise ValueError(f"a city needs at least {SMALLEST} devices, one of each kind; {devices} were asked for")
    covers, monitors, cabinets = (max(1, round(devices * share)) for share in (0.12, 0.05, 0.03))
    lamps = devices - covers - monitors - cabinets
    plan, poles = _plan_for(seed, lamps)
    lit = list(_lamps(seed, place, poles, cabinets))
    junctions = sorted(plan.junctions, key=lambda spot: mixed(key_of(seed, "junctions"), spot.row, spot.column))
    return City(
        seed,
        place,
        plan,
        (
            *_cabinets(place, lit, poles, cabinets),
            *lit,
            *(_cover(seed, place, junctions[i % len(junctions)], i, len(junctions)) for i in range(covers)),
            *(_monitor(seed, place, junctions[-1 - i % len(junctions)], i) for i in range(monitors)),
        ),
    )


def area_of(place: Place, row: int, column: int) -> str:
    """The unit grid of a junction as `division/town/community/grid`; grids of three by three junctions."""
    grid = (row // _GRID_JUNCTIONS, column // _GRID_JUNCTIONS)
    community = (grid[0] // _COMMUNITY_GRIDS, grid[1] // _COMMUNITY_GRIDS)
    town = (community[0] // _TOWN_COMMUNITIES, community[1] // _TOWN_COMMUNITIES)
    numbers = (
        110 + 20 * town[0] + town[1],
        152 + _TOWN_COMMUNITIES * (community[0] % _TOWN_COMMUNITIES) + community[1] % _TOWN_COMMUNITIES,
        102 + _COMMUNITY_GRIDS * (grid[0] % _COMMUNITY_GRIDS) + grid[1] % _COMMUNITY_GRIDS,
    )
    return "/".join((place.division, *(f"{number:03d}" for number in numbers)))


def _plan_for(seed: int, lamps: int) -> tuple[GroundPlan, list[_Pole]]:
    """The smallest net of streets, square or nearly, that has room for so many lamps, and its poles."""
    per_block = int(BLOCK_M / _LAMP_SPACING_M)
    rows = columns = 2
    while True:
        if per_block * (rows * (columns - 1) + columns * (rows - 1)) >= lamps:
            plan = lay_streets(seed, rows, columns)
            poles = [
                _Pole(street, pole, spot)
                for street in plan.streets
                for pole, spot in enumerate(along(street, _LAMP_SPACING_M, _LAMP_ASIDE_M), start=1)
            ]
            if len(poles) >= lamps:
                return plan, poles[:lamps]
        rows, columns = (rows, columns + 1) if rows == columns else (rows + 1, columns)


def _lamps(seed: int, place: Place, poles: list[_Pole], cabinets: int) -> Iterator[Device]:
    for number, (street, pole, spot) in enumerate(poles):
        cabinet = number * cabinets // len(poles)
        first, end = _run_of(cabinet, cabinets, len(poles))
        lon, lat = place.lon_lat(spot.east_m, spot.north_m)
        yield Device(
            device_id=f"SL-{place.division}-{number + 1:06d}",
            kind="streetlight",
            profile="streetlight",
            name=f"{street.name} lamp {pole}",
            area=area_of(place, spot.row, spot.column),
            lon=lon,
            lat=lat,
            parent_id=_cabinet_id(place, cabinet),
            component_code=f"{place.division}{_LAMP}{number + 1:06d}",
            department="lighting",
            report_interval_s=60,
            attributes={
                "nominal_power": _LAMP_POWER_W[mixed(key_of(seed, street.name)) % len(_LAMP_POWER_W)],
                "lantern_height_m": 10.0,
                "feeder": "F1" if 2 * (number - first) < end - first else "F2",
                "pole_number": float(pole),
                "street": street.name_zh,
            },
        )


def _run_of(cabinet: int, cabinets: int, lamps: int) -> tuple[int, int]:
    """The lamps [first, end) that a cabinet feeds, numbered along the streets."""
    return -(-cabinet * lamps // cabinets), -(-(cabinet + 1) * lamps // cabinets)


def _cabinets(place: Place, lamps: list[Device], poles: list[_Pole], cabinets: int) -> Iterator[Device]:
    for number in range(cabinets):
        first, end = _run_of(number, cabinets, len(lamps))
        lamp, spot = lamps[(first + end) // 2], poles[(first + end) // 2].spot
        lon, lat = place.lon_lat(spot.east_m + 1.5, spot.north_m + 1.5)
        yield Device(
            device_id=_cabinet_id(place, number),
            kind="cabinet",
            profile="cabinet",
            name=f"Cabinet {number + 1} at {lamp.name}",
            area=lamp.area,
            lon=lon,
            lat=lat,
            component_code=f"{place.division}{_CABINET}{number + 1:06d}",
            department="lighting",
            report_interval_s=60,
            attributes={
                "nominal_power": sum(float(fed.attributes["nominal_power"]) for fed in lamps[first:end]),
                "lamps": float(end - first),
            },
        )


def _cover(seed: int, place: Place, junction: Spot, number: int, junctions: int) -> Device:
    well = _WELLS[(number // junctions + number) % len(_WELLS)]
    key = key_of(seed, "cover", str(number))
    lon, lat = place.lon_lat(
        junction.east_m + uniform(key, 0, low=-6, high=6), junction.north_m + uniform(key, 1, low=-6, high=6)
    )
    return Device(
        device_id=f"MH-{place.division}-{number + 1:06d}",
        kind="manhole_cover",
        profile="manhole_cover",
        name=f"{well.name.capitalize()} {number + 1}",
        area=area_of(place, junction.row, junction.column),
        lon=lon,
        lat=lat,
        component_code=f"{place.division}{well.component_class}{number + 1:06d}",
        department=well.department,
        report_interval_s=600,
        attributes={
            "well_depth_m": round(uniform(key, 2, low=well.shallowest_m, high=well.deepest_m), 1),
            "cover_class": well.cover_class,
            "cover_diameter_mm": 700.0,
        },
    )


def _monitor(seed: int, place: Place, junction: Spot, number: int) -> Device:
    key = key_of(seed, "monitor", str(number))
    lon, lat = place.lon_lat(
        junction.east_m + uniform(key, 0, low=8, high=14), junction.north_m + uniform(key, 1, low=8, high=14)
    )
    return Device(
        device_id=f"WM-{place.division}-{number + 1:06d}",
        kind="water_monitor",
        profile="water_monitor",
        name=f"Water monitor {number + 1}",
        area=area_of(place, junction.row, junction.column),
        lon=lon,
        lat=lat,
        component_code=f"{place.division}{_MONITOR}{number + 1:06d}",
        department="drainage",
        report_interval_s=300,
        attributes={
            "pipe_diameter_mm": (600.0, 800.0, 1000.0)[mixed(key, 2) % 3],
            "mean_flow_m3_h": round(uniform(key, 3, low=120, high=480), 1),
            "alert_level_m": 2.5,
        },
    )


def _cabinet_id(place: Place, number: int) -> str:
    return f"CB-{place.division}-{number + 1:06d}"
