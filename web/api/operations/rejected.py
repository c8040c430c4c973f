"""`/api/v1/rejected`: what was refused and why, and trying it again."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from domain.rejections import Reason, Replay
from ingest.rejections.rejected_message import RejectedMessage, RejectionQuery, Standing
from ingest.rejections.service import LogRejections
from web.http.parameters import Cursor, From, Limit, Page, To, refuse_cursor, refuse_empty_range

_DEVICE = "Of this device: by its id, its identity in the message, or the topic where the message could not be read."
_TOPIC = "Received on this MQTT topic; `+` and `#` as in a subscription."
_STANDING = "Those that wait for somebody, those that a replay settled, or all."


def rejected_routes(rejected: LogRejections) -> APIRouter:
    router = APIRouter(prefix="/rejected", tags=["rejected"])

    @router.get("")
    async def list_rejected(
        reason: Reason | None = None,
        device_id: Annotated[str | None, Query(max_length=64, description=_DEVICE)] = None,
        topic: Annotated[str | None, Query(max_length=1000, description=_TOPIC)] = None,
        from_ms: From = None,
        to_ms: To = None,
        standing: Annotated[Standing, Query(description=_STANDING)] = Standing.OPEN,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[RejectedMessage]:
        """Refused messages that the log still holds, newest first. Time: of reception."""
        refuse_empty_range(from_ms, to_ms)
        query = RejectionQuery(reason, device_id, topic, from_ms, to_ms, standing)
        try:
            page = await rejected.list_rejected(query, limit, cursor)
        except ValueError as error:
            raise refuse_cursor(error) from error
        return Page(items=list(page.items), next=page.next)

    @router.post("/replay")
    async def replay(
        reason: Reason | None = None,
        id: Annotated[Sequence[str], Query(description="What to replay; everything that is open without any.")] = (),
    ) -> Replay:
        """Put rejected messages through again, after the registry or a profile was put right.

        Each is marked with what became of it; what is refused again is a new rejection. Doing it again changes nothing.
        """
        return await rejected.replay(list(id), reason)

    return router
