"""The mains: voltage by time of day and along the feeder, and who has none."""

from typing import Final

from domain.devices import Device
from simulators.city.circuits import Lantern
from simulators.faults.cabinets import (
    CABINET_OUTAGE,
    FEEDER_FAULT,
    VOLTAGE_DIP,
    VOLTAGE_SAG,
    VOLTAGE_SWELL,
    controllers_lose_supply,
    feeder_hit,
    meter_has_battery,
    supply_v,
)
from simulators.faults.fault import Fault
from simulators.weather.sky import Sky
from simulators.world.state import World

_EVENING_SAG_V: Final = 4.0
_LAST_BREATH_MS: Final = 3_000
_DISTURBED: Final = frozenset((VOLTAGE_SAG, VOLTAGE_SWELL, VOLTAGE_DIP))


def busbar_v(sky: Sky, undisturbed_v: float, at_ms: int, fault: Fault | None) -> float:
    """The voltage at a cabinet: lowest at 20:00, when the town cooks and watches. `fault` is the cabinet's."""
    if fault is not None:
        if fault.kind == CABINET_OUTAGE:
            return 0.0
        if fault.kind in _DISTURBED:
            return supply_v(fault)
    return undisturbed_v - _EVENING_SAG_V * max(0.0, 1 - abs(sky.local_hour(at_ms) - 20) / 4)


def is_on_dark_feeder(lantern: Lantern, world: World, fault: Fault) -> bool:
    """Whether a fault of its cabinet leaves this lamp without power, while others of the cabinet burn."""
    if fault.kind != FEEDER_FAULT or lantern.cabinet_id is None:
        return False
    return lantern.feeder == feeder_hit(fault, world.circuits.cabinets[lantern.cabinet_id].feeders)


def is_silenced(device: Device, world: World, at_ms: int) -> bool:
    """Whether what feeds a device's electronics has failed, so that it reports nothing."""
    if device.kind == "streetlight":
        above = None if device.parent_id is None else world.faults.on(device.parent_id, at_ms)
        if above is None or not controllers_lose_supply(above):
            return False
        lantern = world.circuits.lanterns[device.device_id]
        return above.kind == CABINET_OUTAGE or is_on_dark_feeder(lantern, world, above)
    if device.kind == "cabinet":
        fault = world.fault(device.device_id, CABINET_OUTAGE, at_ms)
        return fault is not None and not meter_has_battery(fault) and at_ms >= fault.start_ms + _LAST_BREATH_MS
    return False
