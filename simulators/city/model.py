"""A city as it stands."""

from dataclasses import dataclass

from domain.devices import Area, Device
from simulators.city.blueprint import PLAIN, Blueprint
from simulators.ground.place import Place
from simulators.ground.streets import GroundPlan


@dataclass(frozen=True, slots=True)
class City:
    """A place with its streets and devices. Order: gateways, then cabinets first, so that parents stand before children.

    `areas` is the tree that the devices stand in, an area before those below it; every boundary holds its devices.
    """

    seed: int
    place: Place
    plan: GroundPlan
    devices: tuple[Device, ...]
    areas: tuple[Area, ...] = ()
    blueprint: Blueprint = PLAIN
