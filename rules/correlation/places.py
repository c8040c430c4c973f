"""What groups a subject by: its parent, its area, its grid or an attribute."""

from typing import Final

from domain.devices import Device
from rules.language.conditions.types import AREA

BY_AREA: Final = "area."
"""Before the name of a level, in `group.by`."""
_DEPTHS: Final = {f"{BY_AREA}{level}": depth for depth, level in enumerate(AREA, 1)}


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
