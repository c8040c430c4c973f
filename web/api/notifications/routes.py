"""`/api/v1/notifications`: what was sent to whom, what could not be, and how somebody wants to be notified."""

import asyncio
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel

from cases.notification import MessageStatus, NotificationService, Posted, Preference
from cases.service.services import CaseServices
from domain.actors import Role
from web.gate.callers import CurrentActor
from web.http.parameters import Page
from web.http.problems import Refused

TAG = "notifications"


class Posts(Page[Posted]):
    """Messages, the newest first. `counts` says how many there are of each standing."""

    counts: dict[MessageStatus, int]


class Retry(BaseModel):
    """Which dead letters to send again; all of them without `ids`."""

    ids: list[UUID] | None = None


class Retried(BaseModel):
    """How many dead letters wait anew."""

    messages: int


def notification_routes(cases: CaseServices) -> APIRouter:
    """The messages of the desk; only who looks after notification sees them."""
    router = APIRouter(prefix="/notifications", tags=[TAG])
    notifications = NotificationService(cases.store)

    @router.get("")
    async def list_messages(
        standing: Annotated[MessageStatus | None, Query(description="Only these, such as `dead`.")] = None,
        case_id: Annotated[UUID | None, Query(description="Only what tells of this case.")] = None,
        before: Annotated[int | None, Query(ge=1, le=2**62, description="Where the last page ended.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Posts:
        """Messages by when they were made; `dead` ones could not be delivered, and say why."""
        wanted = {"standing": standing, "case_id": case_id, "before": before}
        found = await asyncio.to_thread(lambda: notifications.posted(**wanted, limit=limit + 1))  # type: ignore[arg-type]
        more = len(found) > limit
        items = found[:limit]
        counts = await asyncio.to_thread(notifications.counts)
        return Posts(items=items, next=str(items[-1].sequence) if more else None, counts=counts)

    @router.post("/retry")
    async def retry_messages(actor: CurrentActor, asked: Annotated[Retry, Body()]) -> Retried:
        """Send dead letters again, under the ids that they had."""
        now_ms = await cases.now_ms()
        return Retried(messages=await asyncio.to_thread(notifications.retry, asked.ids, actor.name, now_ms))

    @router.get("/preferences/{username}")
    async def show_preference(username: str, actor: CurrentActor) -> Preference:
        """How somebody wants to be notified; what they leave open is as for everybody."""
        _check_own(username, actor.name, actor.roles)
        return await asyncio.to_thread(notifications.preference, username)

    @router.put("/preferences/{username}")
    async def set_preference(username: str, preference: Preference, actor: CurrentActor) -> Preference:
        """Keep how somebody wants to be notified: oneself, or anybody where an administrator asks."""
        _check_own(username, actor.name, actor.roles)
        now_ms = await cases.now_ms()
        await asyncio.to_thread(notifications.prefer, username, preference, actor.name, now_ms)
        return preference

    return router


def _check_own(username: str, name: str, roles: frozenset[Role]) -> None:
    if username != name and Role.ADMINISTRATOR not in roles:
        detail = f"how {username} is told is for {username} and administrators"
        raise Refused(HTTPStatus.FORBIDDEN, "not-allowed", detail)
