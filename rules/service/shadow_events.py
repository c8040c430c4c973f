"""What rules in shadow would have raised, straight from `rules.shadow`."""

from heapq import nlargest
from uuid import UUID

from domain.events import Event
from domain.topics import Topics
from streams.ports import Log, TopicPartition
from streams.reading.tables import read_between
from timeseries.queries.events import EventPage, EventQuery

REMEMBERED: int = 20_000
"""Of more shadow events than these the oldest are let go."""


class ShadowEventService:
    """Reads on from where the last question ended, so that only the first has to read the topic."""

    def __init__(self, log: Log, topics: Topics) -> None:
        self._log = log
        self._topic = topics.rules_shadow
        self._events: dict[UUID, Event] = {}
        self._next: dict[TopicPartition, int] = {}

    async def fetch_events(self, query: EventQuery) -> EventPage:
        """As of `timeseries.ports.EventStore`, over what `rules.shadow` still holds.

        Raises: ValueError where the cursor was not returned with an earlier page.
        """
        await self._advance()
        start = _offset(query.cursor)
        found = sorted(
            (event for event in self._events.values() if _matches(event, query)),
            key=lambda event: (-event.opened_at_ms, event.event_id),
        )
        page = found[start : start + query.limit]
        more = start + len(page) < len(found)
        return EventPage(page, str(start + len(page)) if more else None)

    async def _advance(self) -> None:
        bounds = await self._log.bounds([self._topic])
        spans = {tp: (max(first, self._next.get(tp, first)), end) for tp, (first, end) in bounds.items()}
        async for record in read_between(self._log, spans):
            if record.value is not None:
                event = Event.model_validate_json(record.value)
                known = self._events.get(event.event_id)
                if known is None or known.revision < event.revision:
                    self._events[event.event_id] = event
        self._next = {tp: end for tp, (_, end) in spans.items()}
        if len(self._events) > REMEMBERED:
            newest = nlargest(REMEMBERED, self._events.values(), key=lambda event: event.opened_at_ms)
            self._events = {event.event_id: event for event in newest}


def _offset(cursor: str | None) -> int:
    if cursor is not None and not (cursor.isdecimal() and len(cursor) < 19):
        raise ValueError(f"{cursor!r} is no cursor of the shadow events")
    return int(cursor or 0)


def _matches(event: Event, query: EventQuery) -> bool:
    return (
        (query.from_ms is None or query.from_ms <= event.opened_at_ms)
        and (query.to_ms is None or event.opened_at_ms < query.to_ms)
        and (query.area is None or f"{event.area or ''}/".startswith(f"{query.area}/"))
        and query.rule in (None, event.rule)
        and query.subject in (None, event.subject)
        and query.status in (None, event.status)
        and query.severity in (None, event.severity)
    )
