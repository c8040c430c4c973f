"""Groups: when the events that are alike in something become one event."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from rules.correlation.spells import FOREVER_MS, Course, Interval
from rules.rule import Group


class Span(NamedTuple):
    """One event of a group, open in [opened_ms, cleared_ms). `members` counted at its opening; none: it is long past."""

    opened_ms: int
    cleared_ms: int
    members: tuple[Course, ...] = ()


def spans_of(
    members: Sequence[Course], group: Group, settled_ms: int | None = None, began_ms: int | None = None
) -> list[Span]:
    """The group's events, by opening.

    Shape: `members` by opening, those too that are over. Time: it opens at the opening of the `at_least`-th open member
    among those opened within `within_ms` of each other, and clears when none is open any more of these and of those that
    opened since. Openings up to `settled_ms` were judged before; the event that was open then opened at `began_ms`.
    """
    openings = [member.opened_ms for member in members]
    spans: list[Span] = []
    until_ms = -1 if settled_ms is None else settled_ms
    if began_ms is not None:
        end_ms = _end(members, openings, bisect_left(openings, began_ms - group.within_ms), until_ms)
        spans.append(Span(began_ms, end_ms))
        until_ms = end_ms
    for i, member in enumerate(members):
        at_ms = member.opened_ms
        if at_ms <= until_ms or (i + 1 < len(openings) and openings[i + 1] == at_ms):
            continue
        first = bisect_left(openings, at_ms - group.within_ms)
        counted = tuple(other for other in members[first : i + 1] if other.cleared_ms > at_ms)
        if len(counted) >= group.at_least:
            until_ms = _end(members, openings, first, at_ms)
            spans.append(Span(at_ms, until_ms, counted))
    return spans


def open_at(members: Sequence[Course], group: Group, at_ms: int) -> bool:
    """Whether so many are open at an instant, opened within the window before it: how a new group rule begins."""
    window = (at_ms - group.within_ms, at_ms)
    return sum(window[0] <= m.opened_ms <= at_ms < m.cleared_ms for m in members) >= group.at_least


def is_member(life: Interval, group: Group, event: Course, now_ms: int) -> bool:
    """Whether an event is part of the group's `event` now, or was when it cleared. (That may be told after it began.)"""
    opened_ms, cleared_ms = life
    if event.opened_ms > now_ms or not event.first.opened_ms - group.within_ms <= opened_ms <= event.cleared_ms:
        return False
    if cleared_ms == FOREVER_MS:
        return event.cleared_ms > now_ms
    return event.opened_ms < cleared_ms <= event.cleared_ms


def _end(members: Sequence[Course], openings: list[int], first: int, until_ms: int) -> int:
    """When the last of the members clears: those from `first` on, as long as one opens before the others are clear."""
    end_ms = until_ms
    for i in range(first, len(members)):
        if openings[i] > end_ms:
            break
        end_ms = max(end_ms, members[i].cleared_ms)
    return end_ms
