"""From a device to its readings, by kind."""

from domain.devices import Device
from domain.telemetry import Reading
from simulators.behaviour.covers import cover_readings
from simulators.behaviour.lamps import cabinet_readings, lamp_readings
from simulators.behaviour.water import water_readings
from simulators.faults import Fault
from simulators.sky import Sky


def readings_of(device: Device, key: int, sky: Sky, at_ms: int, fault: Fault | None) -> dict[str, Reading]:
    """All readings of a device at `at_ms`, in canonical units; `key` is its own from the city's seed.

    `fault` is the one that is on at that instant, if any. Raises: ValueError for a kind that has no behaviour here.
    """
    match device.kind:
        case "streetlight":
            return lamp_readings(device, key, sky, at_ms, fault)
        case "manhole_cover":
            return cover_readings(device, key, sky, at_ms, fault)
        case "water_monitor":
            return water_readings(device, key, sky, at_ms, fault)
        case "cabinet":
            return cabinet_readings(device, key, sky, at_ms)
        case kind:
            raise ValueError(f"no behaviour for kind {kind!r} ({device.device_id})")
