"""What a sensor makes of the truth: nothing, when it is offline."""

from collections.abc import Callable, Mapping

from domain.devices import Device
from domain.telemetry import Reading
from simulators.faults.sensors import OFFLINE
from simulators.world import World

Truth = Callable[[int], Mapping[str, Reading]]
"""The readings that a sound sensor of the device would tell at an instant."""


def as_measured(truth: Truth, device: Device, world: World, at_ms: int) -> Mapping[str, Reading] | None:
    """The readings as the device's own sensor tells them at `at_ms`; None when it says nothing."""
    fault = world.faults.on(device.device_id, at_ms)
    if fault is not None and fault.kind == OFFLINE:
        return None
    return truth(at_ms)
