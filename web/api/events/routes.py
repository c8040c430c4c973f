"""`/api/v1/events`: city-component events, as the correlator published them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from domain.events import Event, Severity, Status
from rules.service.shadow_events import ShadowEventService
from timeseries.ports import EventStore
from timeseries.queries.events import EventQuery
from web.http.parameters import Cursor, From, Limit, Page, To, refuse_cursor, refuse_empty_range
from web.http.problems import not_found


def event_routes(events: EventStore, shadow_events: ShadowEventService) -> APIRouter:
    router = APIRouter(prefix="/events", tags=["events"])

    @router.get("")
    async def list_events(
        from_ms: From = None,
        to_ms: To = None,
        area: Annotated[str | None, Query(description="This area and everything below it.")] = None,
        rule: str | None = None,
        subject: Annotated[str | None, Query(description="A device id, or a group's parent, area or value.")] = None,
        status: Status | None = None,
        severity: Severity | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        shadow: Annotated[bool, Query(description="What rules in shadow would have raised, instead.")] = False,
    ) -> Page[Event]:
        """The events that opened in [from, to) and match every filter, newest first, each at its highest revision."""
        refuse_empty_range(from_ms, to_ms)
        query = EventQuery(from_ms, to_ms, area, rule, subject, status, severity, limit, cursor)
        try:
            page = await (shadow_events if shadow else events).fetch_events(query)
        except ValueError as error:
            raise refuse_cursor(error) from error
        return Page(items=list(page.items), next=page.next)

    @router.get("/{event_id}")
    async def get_event(event_id: UUID) -> Event:
        """One event at its highest revision."""
        event = await events.fetch_event(str(event_id))
        if event is None:
            raise not_found(f"event {event_id}")
        return event

    return router
