"""Where a subject stands among others: its parents, and what groups it by."""

from collections.abc import Callable
from typing import Final

from domain.devices import Device

FindDevice = Callable[[str], Device | None]
_LONGEST_CHAIN: Final = 16


def chain_of(subject: str, find_device: FindDevice) -> tuple[str, ...]:
    """The subject, its parent, the parent's parent and so on; a circle of parents ends where it closes."""
    chain = [subject]
    while len(chain) < _LONGEST_CHAIN:
        device = find_device(chain[-1])
        if device is None or device.parent_id is None or device.parent_id in chain:
            break
        chain.append(device.parent_id)
    return tuple(chain)


def group_subject(by: str, device: Device | None) -> str | None:
    """What a device counts for in a group by parent, area, grid or an attribute; None where it has no such thing."""
    if device is None:
        return None
    match by:
        case "parent":
            return device.parent_id
        case "area":
            return device.area
        case "grid":
            return device.grid
        case _:
            value = device.attributes.get(by)
            return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
