"""`/api/v1/stream`: server-sent events, `counts` when a figure changed and `event` for every change of an event."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from domain.errors import TransientFault
from web.board import Board, Counts
from web.ports import Services

POLL_S = 0.5


def stream_routes(services: Services, board: Board, closing: asyncio.Event) -> APIRouter:
    router = APIRouter(tags=["stream"])

    @router.get("/stream", response_class=EventSourceResponse)
    async def stream(
        last_event_id: Annotated[int | None, Header(description="Take up again after this id.")] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Counts and event changes as they happen, until either side closes.

        `event: counts` carries the figures of the city; `event: event` carries one event at its new revision, with an id
        to take up again from. Changes that the process no longer remembers are not sent again: read `/api/v1/events`.
        """
        sequence = _newest(services) if last_event_id is None else last_event_id
        told: Counts | None = None
        while not closing.is_set():
            for change in services.live.changes_after(sequence):
                sequence = change.sequence
                yield ServerSentEvent(data=change.event, event="event", id=str(sequence))
            counts = await _counts(board)
            if counts is not None and counts != told:
                told = counts
                yield ServerSentEvent(data=counts, event="counts")
            await _wait(closing)

    return router


def _newest(services: Services) -> int:
    changes = services.live.changes_after(0)
    return changes[-1].sequence if changes else 0


async def _counts(board: Board) -> Counts | None:
    """The counts, or None while the store or the log does not answer: the stream outlives an outage."""
    try:
        return (await board.current()).counts
    except TransientFault:
        return None


async def _wait(closing: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_S):
            await closing.wait()
    except TimeoutError:
        pass
