"""What the load's devices are and report: whole native reports of fixed width, one digit of which can trip a rule."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from domain.errors import ConfigurationError
from simulators.fleet.schedule import Indices

AREA: Final = "LOAD"
"""The area hint in the MQTT topic; the devices have no area in the registry."""

_WIDTH: Final = 7


@dataclass(frozen=True, slots=True)
class LoadKind:
    """One kind of device as the load plays it.

    `readings` is JSON with `{a}`, `{b}` for two digits that differ from device to device, and `{p}` for the digit of the
    `probe` quantity: `quiet` in most reports and `tripped` in those that are to open an event. `when` is the rule's
    condition, true of the tripped ones only.
    """

    kind: str
    readings: str
    quiet: str
    tripped: str
    when: str


KINDS: Final = {
    kind.kind: kind
    for kind in (
        LoadKind(
            "streetlight",
            '{{"active_power":9{a}.{b},"voltage":22{b}.{a},"current":0.4{a},'
            '"dimming_level":{p}0.0,"gear_temperature":3{b}.{a}}}',
            "8",
            "1",
            "reading.dimming_level < 20.0",
        ),
        LoadKind(
            "manhole_cover",
            '{{"tilt_angle":{p}.{a},"cover_open":false,"well_water_level":0.{a}{b},"battery_level":9{b}.{a}}}',
            "1",
            "9",
            "reading.tilt_angle > 8.0",
        ),
        LoadKind(
            "water_monitor",
            '{{"water_level":{p}.{a}{b},"flow_rate":36{b}.{a},"battery_level":9{b}.{a}}}',
            "1",
            "4",
            "reading.water_level > 3.0",
        ),
    )
}


def kind_named(name: str) -> LoadKind:
    """Raises: ConfigurationError with the kinds there are."""
    if name not in KINDS:
        raise ConfigurationError(f"there is no load of kind {name!r}, only of {', '.join(sorted(KINDS))}")
    return KINDS[name]


def device_id(number: int) -> str:
    """The id of the load's device `number`, from 0; all are of one width."""
    return f"LOAD-{number:0{_WIDTH}d}"


def device_number(device: str) -> int | None:
    """What `device_id` made an id of, None of any other id."""
    digits = device.removeprefix("LOAD-")
    return int(digits) if len(device) == 5 + _WIDTH == 5 + len(digits) and digits.isdigit() else None


def trips(messages: Indices, devices: int, probe_every: int) -> npt.NDArray[np.bool_]:
    """Which messages of the schedule are to trip the rule: every other report of every `probe_every`-th device.

    The reports between them clear the event again, so that each device of these opens one with every second report.
    """
    if not probe_every:
        return np.zeros(len(messages), np.bool_)
    turn, device = np.divmod(messages, devices)
    tripping: npt.NDArray[np.bool_] = (device % probe_every == 0) & (turn % 2 == 1)
    return tripping
