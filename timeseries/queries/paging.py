"""Pages of events, newest first, and the cursor between them. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from domain.events import Event
from timeseries.queries.events import EventPage

_MOST_DIGITS: Final = 18
"""Of a number that every store takes."""


class Cursor(NamedTuple):
    """The last event of a page. The next one starts behind it in the order (opened_at_ms, event_id), both descending."""

    opened_at_ms: int
    event_id: UUID


def parse_cursor(text: str) -> Cursor:
    """The cursor that `page_of` wrote. Raises: ValueError for any other text."""
    opened_at_ms, _, event_id = text.partition("_")
    try:
        if len(opened_at_ms) > _MOST_DIGITS:
            raise ValueError
        return Cursor(int(opened_at_ms), UUID(event_id))
    except ValueError:
        raise ValueError(f"{text!r} is no cursor; pass `next` of the last page as it came") from None


def page_of(events: Sequence[Event], limit: int) -> EventPage:
    """The first `limit` of the events, which hold one more than that where there is a next page."""
    if limit < 1:
        raise ValueError(f"a page holds at least one event, not {limit}")
    items = events[:limit]
    if len(events) <= limit:
        return EventPage(items, None)
    return EventPage(items, f"{items[-1].opened_at_ms}_{items[-1].event_id}")
