"""Devices that the registry's tests are about: a cabinet and the lamps that hang on it."""

from dataclasses import replace
from typing import Any

from domain.devices import Device

NOW_MS = 1_780_000_000_000

CABINET = Device("CAB-1", "cabinet", "cabinet", name="配电箱 1", area="320582/110/152", lon=120.55, lat=31.87)
LAMP = Device(
    "SL-1",
    "streetlight",
    "streetlight",
    name="路灯 1",
    area="320582/110/152/102",
    lon=120.551,
    lat=31.871,
    parent_id="CAB-1",
    component_code="3205820118000001",
    department="lighting",
    report_interval_s=300,
    dev_eui="a840419edb62011c",
    mn="010000A8900016F000169DC0",
    attributes={"nominal_power": 100, "lantern": "LED", "dimmable": True},
)


def lamp(number: int, **facts: Any) -> Device:
    """Another lamp of the same cabinet, with an EUI of its own."""
    own = {"device_id": f"SL-{number}", "name": f"路灯 {number}", "dev_eui": f"{number:016x}", "mn": None}
    return replace(LAMP, **{**own, **facts})
