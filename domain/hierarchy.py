"""The devices that a device hangs on: its parent, the parent's parent and so on."""

from collections.abc import Callable
from typing import Final

from domain.devices import Device

FindDevice = Callable[[str], Device | None]
_LONGEST_CHAIN: Final = 16


def parent_chain(device_id: str, find_device: FindDevice) -> tuple[str, ...]:
    """The device itself, its parent, the parent's parent and so on, nearest first.

    Shape: 1 to 16 ids without repetition; a circle of parents ends where it closes. The last may be unknown to
    `find_device`.
    """
    chain = [device_id]
    while len(chain) < _LONGEST_CHAIN:
        device = find_device(chain[-1])
        if device is None or device.parent_id is None or device.parent_id in chain:
            break
        chain.append(device.parent_id)
    return tuple(chain)
