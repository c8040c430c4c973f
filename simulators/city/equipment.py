"""What a device is fitted with, by its kind and its attributes."""

from typing import Final

from domain.devices import Device

_ON_BATTERY: Final = frozenset({"manhole_cover", "water_monitor"})


def on_battery(device: Device) -> bool:
    """Covers and water monitors run on batteries and send by radio; stations of water quality hang on mains and cable."""
    return device.kind in _ON_BATTERY and not is_quality_station(device)


def has_gas_sensor(device: Device) -> bool:
    """Covers over wells where gas gathers, by attribute `gas_sensor`."""
    return device.kind == "manhole_cover" and device.attributes.get("gas_sensor") is True


def is_quality_station(device: Device) -> bool:
    """Water monitors of `sort: quality`: they measure what is in the water."""
    return device.kind == "water_monitor" and device.attributes.get("sort") == "quality"
