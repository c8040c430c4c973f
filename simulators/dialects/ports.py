"""What a dialect is: a pure way of writing a report as MQTT messages."""

from collections.abc import Iterable
from typing import Protocol

from domain.devices import Device
from domain.errors import ConfigurationError
from simulators.dialects.reports import MqttMessage, Report


class CannotSay(ConfigurationError):
    """A dialect has no word for a quantity, or a device lacks what the dialect needs of it."""


class Dialect(Protocol):
    """A dialect without a memory: the same report of the same device gives the same bytes, in any order of calls."""

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        """The messages that hold the report, in the order to send them; never empty.

        Raises: CannotSay, naming the device and every quantity there is no word for.
        """

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        """Those of `quantities` this dialect has no word for, as sent by this device."""


def refuse(device: Device, dialect: str, unsayable: Iterable[str]) -> CannotSay:
    """The error that names what a dialect has no word for."""
    names = ", ".join(sorted(unsayable))
    return CannotSay(f"{device.device_id}: {dialect} has no word for {names}; choose another dialect, or leave it out")
