"""From a device to what it tells, by kind."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from simulators.behaviour.covers import cover_readings
from simulators.behaviour.lamps import cabinet_readings, lamp_readings
from simulators.behaviour.sensors import as_measured
from simulators.behaviour.water import water_readings
from simulators.world import World

Behaviour = Callable[[Device, World, int], dict[str, Reading]]

BEHAVIOURS: Final[dict[str, Behaviour]] = {
    "streetlight": lamp_readings,
    "cabinet": cabinet_readings,
    "manhole_cover": cover_readings,
    "water_monitor": water_readings,
}
"""What a sound sensor tells of the true city, by kind of device: (device, world, instant) to canonical readings."""


def readings_of(device: Device, world: World, at_ms: int) -> Mapping[str, Reading] | None:
    """What a device tells at `at_ms`, in canonical units; None when it says nothing.

    Raises: KeyError for a kind that has no behaviour here.
    """
    return as_measured(partial(BEHAVIOURS[device.kind], device, world), device, world, at_ms)
