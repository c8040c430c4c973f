"""`/api/v1/rejected`: what was refused and why, and trying it again."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from domain.rejections import Reason, Replay
from ingest.rejections.rejected_message import RejectedMessage
from ingest.rejections.service import LogRejections
from web.http.parameters import Limit, Page


def rejected_routes(rejected: LogRejections) -> APIRouter:
    router = APIRouter(prefix="/rejected", tags=["rejected"])

    @router.get("")
    async def list_rejected(reason: Reason | None = None, limit: Limit = 100) -> Page[RejectedMessage]:
        """Refused messages that the log still holds, newest first."""
        return Page(items=list(await rejected.list_rejected(reason, limit)))

    @router.post("/replay")
    async def replay(
        reason: Reason | None = None,
        id: Annotated[Sequence[str], Query(description="What to replay; everything without any.")] = (),
    ) -> Replay:
        """Put rejected messages through again, after the registry or a profile was put right."""
        return await rejected.replay(list(id), reason)

    return router
