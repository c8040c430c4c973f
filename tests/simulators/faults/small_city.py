"""A city of a handful of devices, made by hand, so that a test sees just what it asks about."""

from dataclasses import replace

from domain.devices import Device
from simulators.city import City, build_city

_PLAIN = build_city(7, 60)


def city_of(*devices: Device) -> City:
    """The plain city's streets with these devices only; parents come first."""
    return replace(_PLAIN, devices=devices)


def cover(device_id: str = "MH-1", *, gas: bool = False, every_s: int = 600, parent: str | None = None) -> Device:
    """A cover over a sewer."""
    return Device(
        device_id,
        "manhole_cover",
        "manhole_cover",
        lon=120.55,
        lat=31.87,
        parent_id=parent,
        report_interval_s=every_s,
        attributes={"well_depth_m": 3.0, "cover_class": "sewage", **({"gas_sensor": True} if gas else {})},
    )


def station(device_id: str = "WM-1", *, every_s: int = 600) -> Device:
    """A station of water quality."""
    return Device(
        device_id,
        "water_monitor",
        "water_monitor",
        lon=120.551,
        lat=31.871,
        report_interval_s=every_s,
        attributes={"sort": "quality"},
    )


def drain(device_id: str = "WM-2", *, parent: str | None = None) -> Device:
    """A monitor in a drain: the first of the plain city under another name."""
    first = next(device for device in _PLAIN.devices if device.kind == "water_monitor")
    attributes = {**first.attributes, "sort": "drain"}
    return replace(first, device_id=device_id, parent_id=parent, attributes=attributes)


def gateway(device_id: str = "GW-1") -> Device:
    return Device(device_id, "gateway", "gateway", lon=120.553, lat=31.87, report_interval_s=60)
