"""Which manhole a device looks into."""

from collections.abc import Callable
from typing import NamedTuple

from domain.devices import Device
from simulators.drainage.net import Drain, DrainNet, Manhole
from simulators.place import Place


class Seat(NamedTuple):
    """`drain` is the manhole in which a device measures level and flow, `road` the one above which it measures ponding."""

    drain: Manhole | None = None
    road: Manhole | None = None


def drain_of(device: Device) -> Drain | None:
    """The drain that a device measures in: of a cover its `cover_class`, of a monitor its `drain_class`, sewage unless
    it says storm. None for wells of other kinds, for monitors of roads, rain and water quality, and for other devices.
    """
    match device.kind:
        case "manhole_cover":
            named = device.attributes.get("cover_class")
        case "water_monitor" if device.attributes.get("sort", "all") in ("all", "drain"):
            named = device.attributes.get("drain_class", Drain.SEWAGE.value)
        case _:
            return None
    return next((drain for drain in Drain if drain.value == named), None)


def watches_road(device: Device) -> bool:
    """Whether it measures the water that stands on a road."""
    return device.kind == "water_monitor" and device.attributes.get("sort", "all") in ("all", "road")


def is_rain_gauge(device: Device) -> bool:
    return device.kind == "water_monitor" and device.attributes.get("sort") == "rain"


def seat_finder(place: Place, net: DrainNet) -> Callable[[Device], Seat]:
    """From a device to its seat: the nearest manholes of its own drain, and of the storm drain below its road.

    A device that is not on the map has none.
    """

    def seat_of(device: Device) -> Seat:
        drain = drain_of(device)
        if device.lon is None or device.lat is None or not (drain or watches_road(device)):
            return Seat()
        east_m, north_m = place.east_north_m(device.lon, device.lat)
        return Seat(
            net.nearest(drain, east_m, north_m) if drain else None,
            net.nearest(Drain.STORM, east_m, north_m) if watches_road(device) else None,
        )

    return seat_of
