"""Two variants' events side by side: what only one found, and what both found but not alike."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from domain.events import Event
from rules.backtest.result import ChangedEvent, Difference

_COMPARED: Final = ("since_ms", "opened_at_ms", "cleared_at_ms", "severity", "stale", "absorbed_by", "unstable")
_FOREVER_MS: Final = 1 << 62


def difference(now: Sequence[Event], before: Sequence[Event]) -> Difference:
    """What changed from `before` to `now`.

    Two events are one incident if they have one identity, or else one rule and subject and a time in common; each is
    compared with one other at most, the earliest.
    """
    left = {event.event_id: event for event in before}
    changes: list[ChangedEvent] = []
    only_now: list[Event] = []
    same = 0
    others = []
    for event in now:
        twin = left.pop(event.event_id, None)
        if twin is None:
            others.append(event)
        elif differs := _differing(twin, event):
            changes.append(ChangedEvent(before=twin, now=event, differs=differs))
        else:
            same += 1
    by_subject: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in sorted(left.values(), key=_opened):
        by_subject[event.rule, event.subject].append(event)
    for event in sorted(others, key=_opened):
        candidates = by_subject[event.rule, event.subject]
        twin = next((other for other in candidates if overlap(other, event)), None)
        if twin is None:
            only_now.append(event)
            continue
        candidates.remove(twin)
        changes.append(ChangedEvent(before=twin, now=event, differs=_differing(twin, event)))
    only_before = sorted((event for events in by_subject.values() for event in events), key=_opened)
    changes.sort(key=lambda change: change.now.opened_at_ms)
    return Difference(only_now=only_now, only_before=only_before, changed=changes, same=same)


def overlap(one: Event, other: Event) -> bool:
    """Whether two events were open at one time, the instants of opening and clearing included."""
    return one.opened_at_ms <= _end(other) and other.opened_at_ms <= _end(one)


def overlapping(event: Event, others: Iterable[Event]) -> Iterator[Event]:
    """Those of the same rule and subject that were open while the event was."""
    return (o for o in others if (o.rule, o.subject) == (event.rule, event.subject) and overlap(o, event))


def _differing(before: Event, now: Event) -> list[str]:
    return [name for name in _COMPARED if getattr(before, name) != getattr(now, name)]


def _opened(event: Event) -> tuple[int, str]:
    return event.opened_at_ms, event.subject


def _end(event: Event) -> int:
    return _FOREVER_MS if event.cleared_at_ms is None else event.cleared_at_ms
