"""What the rules need from outside beside the log."""

from collections.abc import Iterable
from typing import Protocol

from domain.devices import Device


class Devices(Protocol):
    """The registry as the worker needs it: in memory, followed by somebody else in the same event loop.

    Order: answers may change between two calls, and `version` grows whenever they did. Retired devices are not found.
    """

    @property
    def version(self) -> int: ...

    def device(self, device_id: str) -> Device | None: ...

    def devices(self) -> Iterable[Device]:
        """All that are known, for rules about devices that never reported."""
