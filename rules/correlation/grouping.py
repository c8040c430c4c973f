"""Groups: what the event of one is, and who is part of it."""

from typing import NamedTuple

from rules.correlation.event_history import FOREVER_MS, EventHistory, Interval
from rules.language.rule import Grouping


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
