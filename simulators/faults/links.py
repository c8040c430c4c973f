"""Faults of gateways and cabinets as hubs: whatever sends through them falls silent, though nothing is wrong with it."""

from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.city import City
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer

LINK_LOST: Final = "link-lost"
GATEWAY_DOWN: Final = "gateway-down"


def _is_hub(device: Device) -> bool:
    return device.kind in ("cabinet", "gateway")


def _is_gateway(device: Device) -> bool:
    return device.kind == "gateway"


def behind(fault: Fault, city: City) -> tuple[str, ...]:
    """Everything that sends through the device, at any remove; parents stand before their children in a city."""
    found = {fault.device_id: None}
    for device in city.devices:
        if device.parent_id in found:
            found[device.device_id] = None
    return tuple(found)[1:]


LINK_FAULTS: Final = (
    FaultSpec(GATEWAY_DOWN, Layer.SENSOR, (5 * MINUTE_MS, 3 * HOUR_MS), _is_gateway, claims=behind),
    FaultSpec(LINK_LOST, Layer.SENSOR, (HOUR_MS // 2, 4 * HOUR_MS), _is_hub, claims=behind),
)
