"""Which manhole a device looks into, by its attributes `manhole`, `drain` and `sort`."""

from typing import NamedTuple

from domain.devices import Device
from simulators.drainage.net import Drain, DrainNet, Manhole


class ManholePosition(NamedTuple):
    """`drain` is the manhole in which a device measures level and flow, `road` the one above which it measures ponding."""

    drain: Manhole | None = None
    road: Manhole | None = None


NO_POSITION = ManholePosition()


def position_of(device: Device, net: DrainNet) -> ManholePosition:
    """The manhole that the device's `manhole` names; water on a road is what comes out of the storm drain there.

    None for wells on no drain, for monitors of rain and water quality, and for other devices. Raises: KeyError for a
    manhole that is not in the net.
    """
    named = device.attributes.get("manhole")
    if named is None:
        return NO_POSITION
    manhole = net.manhole(str(named))
    if device.kind == "manhole_cover":
        return ManholePosition(drain=manhole)
    storm = net.at(Drain.STORM, manhole.spot)
    return ManholePosition(manhole if measures_drain(device) else None, storm if watches_road(device) else None)


def measures_drain(device: Device) -> bool:
    """Whether it is a monitor of level and flow."""
    return device.kind == "water_monitor" and device.attributes.get("sort", "all") in ("all", "drain")


def watches_road(device: Device) -> bool:
    """Whether it measures the water that stands on a road."""
    return device.kind == "water_monitor" and device.attributes.get("sort", "all") in ("all", "road")


def is_rain_gauge(device: Device) -> bool:
    return device.kind == "water_monitor" and device.attributes.get("sort") == "rain"
