"""Groups: what subjects are grouped by, what the event of a group is, and who is part of it."""

from typing import Final, NamedTuple

from domain.devices import Device
from rules.correlation.event_history import FOREVER_MS, EventHistory, Interval
from rules.language.conditions.types import AREA
from rules.language.rule import Grouping

BY_AREA: Final = "area."
"""Before the name of a level, in `group.by`."""
_DEPTHS: Final = {f"{BY_AREA}{level}": depth for depth, level in enumerate(AREA, 1)}


class GroupEvent(NamedTuple):
    """One event of a group, open in [opened_ms, cleared_ms). `members` counted at its opening; none: it is long past."""

    opened_ms: int
    cleared_ms: int
    members: tuple[EventHistory, ...] = ()


def are_enough(members: list[EventHistory], group: Grouping) -> bool:
    """Whether these make a group. Several rules' events on one subject are one place."""
    return len(members) >= group.at_least and len({member.subject for member in members}) >= group.at_least


def is_member(life: Interval, group: Grouping, event: EventHistory, now_ms: int) -> bool:
    """Whether an event is part of the group's `event` now, or was when it cleared (published, maybe, after its start)."""
    opened_ms, cleared_ms = life
    if event.opened_ms > now_ms or not event.first.opened_ms - group.within_ms <= opened_ms <= event.cleared_ms:
        return False
    if cleared_ms == FOREVER_MS:
        return event.cleared_ms > now_ms
    return event.opened_ms < cleared_ms <= event.cleared_ms


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
