"""A city from a blueprint, a seed and a number of devices.

blueprint ──▶ streets ──▶ poles ──▶ lamps, cabinets, lighting gateways
                 └──▶ drains ──▶ covers over their wells, LoRaWAN gateways, water monitors
"""

from typing import Final

from simulators.city.blueprint import PLAIN, Blueprint
from simulators.city.lamps import Lighting, Pole, lit, plan_circuits, poles_of
from simulators.city.model import City
from simulators.city.monitors import Monitors
from simulators.city.placement import Placement
from simulators.city.wells import Covers, sites_of
from simulators.drainage import lay_drains
from simulators.ground.place import ZHANGJIAGANG, Place
from simulators.ground.streets import GroundPlan, lay_streets

SMALLEST: Final = 4
"""The smallest city has a lamp, a cabinet, a cover and a water monitor."""


def build_city(seed: int, devices: int, place: Place = ZHANGJIAGANG) -> City:
    """The plain city of `seed`: about 80 % lamps, 12 % covers, 5 % monitors, 3 % cabinets, all of them native.

    As `lay_city`, which also draws richer ones.
    """
    part = PLAIN.place.model_copy(
        update={"lon": place.lon, "lat": place.lat, "timezone": place.timezone, "division": place.division}
    )
    return lay_city(PLAIN.model_copy(update={"place": part}), seed, devices)


def lay_city(blueprint: Blueprint, seed: int, devices: int) -> City:
    """The city of `blueprint` and `seed` with exactly `devices` devices, gateways included.

    The same arguments give the same city, on any machine. Raises: ValueError below `SMALLEST` devices.
    """
    if devices < SMALLEST:
        raise ValueError(f"a city needs at least {SMALLEST} devices, one of each kind; {devices} were asked for")
    covers, monitors = (max(1, round(devices * part.share)) for part in (blueprint.covers, blueprint.monitors))
    left = max(2, devices - covers - monitors)
    lids = Covers(seed, blueprint, covers)
    if left - lids.gateways < 2:
        lids.without_gateways()
    circuits = plan_circuits(blueprint, left - lids.gateways)
    plan, poles = _streets_for(seed, blueprint, circuits.lamps)
    ground, drains = Placement(blueprint.place, plan), lay_drains(seed, plan)
    lighting = list(Lighting(seed, blueprint, ground, lit(seed, poles, circuits.lamps), circuits).devices())
    wells = list(lids.devices(ground, sites_of(seed, plan, drains), circuits.gateway_count))
    water = Monitors(seed, blueprint, ground, plan, drains, monitors).devices()
    return City(
        seed,
        blueprint.place.place,
        plan,
        tuple(sorted((*lighting, *wells, *water), key=lambda device: device.kind != "gateway")),
        tuple(ground.areas(blueprint.place.towns, blueprint.streets.names)),
        blueprint,
    )


def _streets_for(seed: int, blueprint: Blueprint, lamps: int) -> tuple[GroundPlan, list[Pole]]:
    """A net of streets, square or nearly, just large enough for so many lamps, and all its poles."""
    spacing_m, pattern = blueprint.lamps.spacing_m, blueprint.streets
    per_block = pattern.block_m / spacing_m
    rows = columns = 2
    while True:
        blocks = rows * (columns - 1) + columns * (rows - 1)
        if per_block * blocks >= lamps:
            plan = lay_streets(seed, rows, columns, pattern)
            poles = poles_of(plan, spacing_m)
            if len(poles) >= lamps:
                return plan, poles
            per_block = len(poles) / blocks
        rows, columns = (rows, columns + 1) if rows == columns else (rows + 1, columns)
