"""The members of a group on one subject, and the group's events as they follow from them, kept up to date in passing.

A change of a member can matter only from the first instant at which it makes a difference. What was found for the time
before that stands, and the end of an event is sought only if no member is known to stay open.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any

from rules.correlation.event_history import FOREVER_MS, NEVER_MS, EventHistory, RuleSubject
from rules.correlation.grouping import GroupEvent, are_enough
from rules.language.rule import Grouping

MemberOpening = tuple[int, RuleSubject]
"""An opening, and whose: the order of members."""
_COPIED = ("kind", "since_ms", "department", "area")
"""What a group's event copies from the members that made it."""


class GroupMembers:
    """Keep it with `put`, ask it with `spans`. Both are O(log n) where a group's event is open and goes on."""

    __slots__ = ("_differs_ms", "_facts", "_histories", "_judged_by", "_of", "_open", "_order", "_spans")

    def __init__(self) -> None:
        self._order: list[MemberOpening] = []
        self._open: list[MemberOpening] = []
        self._histories: dict[MemberOpening, EventHistory] = {}
        self._facts: dict[MemberOpening, tuple[int, Any]] = {}
        self._of: dict[RuleSubject, list[MemberOpening]] = {}
        self._spans: list[GroupEvent] = []
        self._judged_by: object = None
        self._differs_ms = FOREVER_MS

    def __len__(self) -> int:
        return len(self._order)

    def put(self, member: RuleSubject, histories: Iterable[EventHistory]) -> None:
        """Take these as the member's histories from now on."""
        now = {(history.opened_ms, member): history for history in histories}
        for place in self._of.pop(member, ()):
            if place not in now:
                self._remove(place)
        for place, history in now.items():
            self._set(place, history)
        if now:
            self._of[member] = list(now)

    def spans(self, group: Grouping, settled_ms: int, began_ms: int | None) -> list[GroupEvent] | None:
        """The group's events, by opening; None where they are the same as at the last call.

        Time: it opens at the opening of the `at_least`-th open member among those opened within `within_ms` of each
        other, and clears when none is open any more of these and of those that opened since. Openings up to `settled_ms`
        were judged before; the event that was open then opened at `began_ms`.
        """
        judged_by = (group, settled_ms, began_ms)
        if judged_by == self._judged_by and self._differs_ms > settled_ms:
            if self._differs_ms == FOREVER_MS:
                return None
            spans, from_ms = self._kept(group), self._differs_ms
        else:
            spans, from_ms = [], NEVER_MS
            if began_ms is not None:
                spans.append(GroupEvent(began_ms, self._end(began_ms - group.within_ms, settled_ms)))
        self._add_spans(spans, group, from_ms, settled_ms)
        if judged_by == self._judged_by and len(spans) == len(self._spans) and all(map(_is, spans, self._spans)):
            self._differs_ms = FOREVER_MS
            return None
        self._judged_by, self._differs_ms, self._spans = judged_by, FOREVER_MS, spans
        return spans

    def open_at(self, at_ms: int, since_ms: int = NEVER_MS) -> list[EventHistory]:
        """The members open at an instant that opened from `since_ms` on."""
        return [history for history in self._between(since_ms, at_ms) if history.cleared_ms > at_ms]

    def _remove(self, place: MemberOpening) -> None:
        del self._order[bisect_left(self._order, place)]
        del self._histories[place]
        self._close(place, self._facts.pop(place)[0])
        self._differs_ms = min(self._differs_ms, place[0])

    def _set(self, place: MemberOpening, history: EventHistory) -> None:
        cleared_ms, event = history.cleared_ms, history.first.event
        facts = (cleared_ms, [event[name] for name in _COPIED])
        before = self._facts.get(place)
        self._histories[place], self._facts[place] = history, facts
        if before == facts:
            return
        if before is None:
            insort(self._order, place)
        else:
            self._close(place, before[0])
        if cleared_ms == FOREVER_MS:
            insort(self._open, place)
        only_ends_otherwise = before is not None and before[1] == facts[1]
        differs_ms = min(cleared_ms, before[0]) if before is not None and only_ends_otherwise else place[0]
        self._differs_ms = min(self._differs_ms, differs_ms)

    def _close(self, place: MemberOpening, cleared_ms: int) -> None:
        if cleared_ms == FOREVER_MS:
            del self._open[bisect_left(self._open, place)]

    def _kept(self, group: Grouping) -> list[GroupEvent]:
        """The events that opened before anything differs; the last of them may go on, or end, otherwise than it did."""
        kept = [span for span in self._spans if span.opened_ms < self._differs_ms]
        if kept and kept[-1].cleared_ms >= self._differs_ms:
            last = kept[-1]
            end_ms = self._end(last.opened_ms - group.within_ms, self._differs_ms)
            if end_ms != last.cleared_ms:
                kept[-1] = last._replace(cleared_ms=end_ms)
        return kept

    def _add_spans(self, spans: list[GroupEvent], group: Grouping, from_ms: int, settled_ms: int) -> None:
        """Those that opened at `from_ms` or later."""
        until_ms = spans[-1].cleared_ms if spans else settled_ms
        n = bisect_left(self._order, (max(from_ms, until_ms),))
        while n < len(self._order):
            at_ms = self._order[n][0]
            n = bisect_left(self._order, (at_ms + 1,), n)
            if at_ms <= until_ms:
                continue
            counted = self.open_at(at_ms, at_ms - group.within_ms)
            if are_enough(counted, group):
                until_ms = self._end(at_ms - group.within_ms, at_ms)
                spans.append(GroupEvent(at_ms, until_ms, tuple(counted)))
                n = bisect_left(self._order, (until_ms,), n)

    def _end(self, since_ms: int, until_ms: int) -> int:
        """When the last clears of those that opened from `since_ms` on, before the others were clear.

        It is known that one is open, or one of them opens, at every instant from the first on to `until_ms`.
        """
        first_open = bisect_left(self._open, (since_ms,))
        if first_open < len(self._open) and self._open[first_open][0] <= until_ms:
            return FOREVER_MS
        for n in range(bisect_left(self._order, (since_ms,)), len(self._order)):
            place = self._order[n]
            if place[0] > until_ms:
                break
            until_ms = max(until_ms, self._histories[place].cleared_ms)
            if until_ms == FOREVER_MS:
                break
        return until_ms

    def _between(self, first_ms: int, last_ms: int) -> Iterator[EventHistory]:
        """Those that opened in [first_ms, last_ms], by opening."""
        first, end = bisect_left(self._order, (first_ms,)), bisect_left(self._order, (last_ms + 1,))
        return (self._histories[place] for place in self._order[first:end])


def _is(one: GroupEvent, other: GroupEvent) -> bool:
    return one is other
