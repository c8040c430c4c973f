"""`/api/v1/stream`: server-sent events, `counts` when a figure changed, `event` and `case` for every change of one."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from cases.service.visibility import sees
from domain.errors import TransientFault
from web.gate.callers import CurrentActor
from web.live.city_snapshot import CitySnapshots, Counts
from web.live.feed import LiveFeed
from web.live.updates import CaseUpdate, EventUpdate

POLL_S = 0.5


def stream_routes(live: LiveFeed, snapshots: CitySnapshots, closing: asyncio.Event) -> APIRouter:
    router = APIRouter(tags=["stream"])

    @router.get("/stream", response_class=EventSourceResponse)
    async def stream(
        actor: CurrentActor,
        last_event_id: Annotated[int | None, Header(description="Take up again after this id.")] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Counts and event changes as they happen, until either side closes.

        `event: counts` carries the figures of the city; `event: event` one event at its new revision, `event: case` one
        step of a case that you may see, each with an id to take up again from. Changes that the process no longer
        remembers are not sent again: read `/api/v1/events` and `/api/v1/cases`.
        """
        sequence = _newest(live) if last_event_id is None else last_event_id
        sent: Counts | None = None
        while not closing.is_set():
            for change in _changes(live, sequence):
                sequence = change.sequence
                if isinstance(change, EventUpdate):
                    yield ServerSentEvent(data=change.event, event="event", id=str(sequence))
                elif sees(actor, change.case):
                    step = {"transition": change.transition, "case": change.case}
                    yield ServerSentEvent(data=step, event="case", id=str(sequence))
            counts = await _counts(snapshots)
            if counts is not None and counts != sent:
                sent = counts
                yield ServerSentEvent(data=counts, event="counts")
            await _wait(closing)

    return router


def _newest(live: LiveFeed) -> int:
    return max((change.sequence for change in _changes(live, 0)), default=0)


def _changes(live: LiveFeed, sequence: int) -> list[EventUpdate | CaseUpdate]:
    """What changed behind that, in the order in which it did."""
    return sorted((*live.changes_after(sequence), *live.case_changes_after(sequence)), key=lambda one: one.sequence)


async def _counts(snapshots: CitySnapshots) -> Counts | None:
    """The counts, or None while the store or the log does not answer: the stream outlives an outage."""
    try:
        return (await snapshots.current()).counts
    except TransientFault:
        return None


async def _wait(closing: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_S):
            await closing.wait()
    except TimeoutError:
        pass
