"""Where a subject stands among others: its parents, and what groups it by."""

from collections.abc import Callable
from typing import Final

from domain.devices import Device
from rules.conditions.types import AREA

FindDevice = Callable[[str], Device | None]
_LONGEST_CHAIN: Final = 16
BY_AREA: Final = "area."
"""Before the name of a level, in `group.by`."""
_DEPTHS: Final = {f"{BY_AREA}{level}": depth for depth, level in enumerate(AREA, 1)}


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
    """What a device counts for in a group by parent, area or a level of it, grid or an attribute.

    Shape: a level of the area is the path down to it, as `area.<level>` in conditions. None where it has no such thing.
    """
    if device is None:
        return None
    match by:
        case "parent":
            return device.parent_id
        case "area":
            return device.area
        case "grid":
            return device.grid
    if (depth := _DEPTHS.get(by)) is not None:
        codes = device.area.split("/") if device.area else []
        return "/".join(codes[:depth]) if len(codes) >= depth else None
    value = device.attributes.get(by)
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def is_area(by: str) -> bool:
    """Whether the subjects of a group are areas."""
    return by == "area" or by in _DEPTHS
