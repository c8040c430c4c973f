"""What a sensor makes of the truth: nothing, too much, or always the same."""

from collections.abc import Callable, Mapping

from domain.devices import Device
from domain.telemetry import Reading
from simulators.faults.covers import is_carried_off
from simulators.faults.fault import Fault
from simulators.faults.links import GATEWAY_DOWN, LINK_LOST
from simulators.faults.sensors import (
    BATTERY_DYING,
    OFFLINE,
    SENSOR_DRIFTING,
    SENSOR_NOISY,
    SENSOR_STUCK,
    SLEEPER_OFFLINE,
    charge_left,
    faulty_quantity,
    noise_m,
    sensitivity_left,
)
from simulators.noise.seeded import normal
from simulators.world.state import World

Truth = Callable[[int], Mapping[str, Reading]]
"""The readings that a sound sensor of the device would report at an instant."""

_DRIFT_M = 0.6


def as_measured(truth: Truth, device: Device, world: World, at_ms: int) -> Mapping[str, Reading] | None:
    """The readings as the device's own sensor reports them at `at_ms`; None when it reports nothing."""
    if _is_cut_off(device, world, at_ms):
        return None
    fault = world.faults.on(device.device_id, at_ms)
    if fault is None:
        return truth(at_ms)
    if _is_silent(fault, at_ms):
        return None
    if fault.kind not in (SENSOR_STUCK, SENSOR_DRIFTING, SENSOR_NOISY):
        return truth(at_ms)
    quantity, true = faulty_quantity(device, fault), truth(at_ms)
    if quantity not in true:
        return true
    return {
        **true,
        quantity: _misread(quantity, float(true[quantity]), truth, fault, world.key(device.device_id), at_ms),
    }


def _is_cut_off(device: Device, world: World, at_ms: int) -> bool:
    """Whether anything it is connected through is gone."""
    above = device.parent_id
    while above is not None:
        fault = world.faults.on(above, at_ms)
        if fault is not None and fault.kind in (LINK_LOST, GATEWAY_DOWN):
            return True
        above = world.device(above).parent_id
    return False


def _is_silent(fault: Fault, at_ms: int) -> bool:
    match fault.kind:
        case kind if kind in (OFFLINE, SLEEPER_OFFLINE, GATEWAY_DOWN):
            return True
        case kind if kind == BATTERY_DYING:
            return charge_left(fault, at_ms) <= 0
    return is_carried_off(fault, at_ms)


def _misread(quantity: str, true: float, truth: Truth, fault: Fault, key: int, at_ms: int) -> float:
    match fault.kind:
        case kind if kind == SENSOR_STUCK:
            return float(truth(fault.start_ms)[quantity])
        case kind if kind == SENSOR_NOISY:
            return round(true + noise_m(fault) * normal(key, at_ms, 21), 3)
    if quantity == "water_level":
        return round(true + _DRIFT_M * fault.size * fault.progress(at_ms), 3)
    return round(true * sensitivity_left(fault, at_ms), 2)
