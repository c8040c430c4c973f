"""From a device to what it reports, by kind.

the true city ──▶ what its sensors make of it ──▶ battery and radio ──▶ received, or lost on the way
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from simulators.behaviour.batteries import battery_readings
from simulators.behaviour.cabinets import cabinet_readings
from simulators.behaviour.covers import cover_readings
from simulators.behaviour.lamps import lamp_readings
from simulators.behaviour.mains import is_silenced
from simulators.behaviour.quality import quality_readings
from simulators.behaviour.radio import gateway_readings, link_of
from simulators.behaviour.sensors import as_measured
from simulators.behaviour.water import water_readings
from simulators.city.equipment import is_quality_station, on_battery
from simulators.world.state import World

Behaviour = Callable[[Device, World, int], dict[str, Reading]]


def monitor_readings(monitor: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a water monitor measures: what is in the water, or how much of it there is."""
    if is_quality_station(monitor):
        return quality_readings(monitor, world, at_ms)
    return water_readings(monitor, world, at_ms)


BEHAVIOURS: Final[dict[str, Behaviour]] = {
    "streetlight": lamp_readings,
    "cabinet": cabinet_readings,
    "manhole_cover": cover_readings,
    "water_monitor": monitor_readings,
    "gateway": gateway_readings,
}
"""What a sound sensor reports of the true city, by kind of device: (device, world, instant) to canonical readings."""


def readings_of(device: Device, world: World, at_ms: int) -> Mapping[str, Reading] | None:
    """What is received of a device at `at_ms`, in canonical units; None when it reports nothing or its message is lost.

    A device that something has befallen sends until it is received: alarms are confirmed.
    Raises: KeyError for a kind that has no behaviour here.
    """
    if is_silenced(device, world, at_ms):
        return None
    measured = as_measured(partial(BEHAVIOURS[device.kind], device, world), device, world, at_ms)
    if measured is None or not on_battery(device):
        return measured
    now = world.conditions.at(at_ms)
    link = link_of(device, world, at_ms, now.flush)
    if link.lost and world.faults.on(device.device_id, at_ms) is None:
        return None
    power = battery_readings(device, world, at_ms, now.air_cel)
    return {**measured, **power, "rssi": link.rssi_dbm, "snr": link.snr_db}
