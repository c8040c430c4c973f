"""The life of a device: registered, active, suspended, retired, and which step may follow which."""

from collections.abc import Mapping
from typing import Final

from domain.devices import DeviceState

NEXT_STATES: Final[Mapping[DeviceState, frozenset[DeviceState]]] = {
    DeviceState.REGISTERED: frozenset({DeviceState.ACTIVE, DeviceState.RETIRED}),
    DeviceState.ACTIVE: frozenset({DeviceState.SUSPENDED, DeviceState.RETIRED}),
    DeviceState.SUSPENDED: frozenset({DeviceState.ACTIVE, DeviceState.RETIRED}),
    DeviceState.RETIRED: frozenset({DeviceState.REGISTERED, DeviceState.ACTIVE}),
}
"""What may follow each state; a retired device may be put up again. A new device may be entered in any state."""


def may_follow(before: DeviceState, after: DeviceState) -> bool:
    """Whether `after` may follow `before`; staying is always allowed."""
    return before is after or after in NEXT_STATES[before]
