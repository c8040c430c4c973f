"""The open events, from two sources that may each be behind: the log's changes and the store."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from domain.events import Event, Severity, Status

_REMEMBERED: Final = 10_000
_WORST_FIRST: Final = {severity: rank for rank, severity in enumerate(Severity)}


def worst_first(events: Sequence[Event]) -> tuple[Event, ...]:
    """Worst severity first, then the newest opened."""
    return tuple(sorted(events, key=lambda event: (_WORST_FIRST[event.severity], -event.opened_at_ms)))


class OpenEvents:
    """The open events by id; a change is taken once, whatever order it comes in."""

    def __init__(self) -> None:
        self._revisions: dict[UUID, int] = {}
        self._open: dict[UUID, Event] = {}
        self._lacking: set[UUID] = set()

    def take(self, event: Event) -> None:
        """Keep the event if it is open and newer than what is known of it; forget it if it ended."""
        if event.revision <= self._revisions.get(event.event_id, 0):
            return
        self._revisions[event.event_id] = event.revision
        if event.status is Status.OPEN:
            self._open[event.event_id] = event
        else:
            self._open.pop(event.event_id, None)

    def resync(self, events: Sequence[Event]) -> None:
        """Read from the store what is open. It may lag behind the log: what it lacks goes at the second time only."""
        named = {event.event_id for event in events}
        lacking = self._open.keys() - named
        for key in lacking & self._lacking:
            del self._open[key], self._revisions[key]
        self._lacking = lacking
        for event in events:
            self.take(event)
        ended = [key for key in self._revisions if key not in self._open]
        for key in ended[:-_REMEMBERED]:
            del self._revisions[key]

    def all(self) -> tuple[Event, ...]:
        return worst_first(tuple(self._open.values()))
