"""`/api/v1/silences`: silences and maintenance windows. The events they match are published, and notify nobody."""

from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rules.definitions.silences import Matches, Silence
from rules.service.silences import SilenceService
from web.api.rules.routes import refusals
from web.http.headers import UNNAMED_AUTHOR, Author
from web.http.parameters import Page
from web.http.problems import Fault, Refused


class NewSilence(BaseModel):
    """A silence to be. It begins now if `starts_at_ms` is left out, and gets an id if it has none."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    ends_at_ms: int
    matches: Matches
    starts_at_ms: int | None = None
    id: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = None


class SilenceStatus(BaseModel):
    """A silence, and whether it is in force by the clock of the data."""

    id: str
    author: str
    reason: str
    starts_at_ms: int
    ends_at_ms: int
    matches: Matches
    is_in_force: bool


class Silences(Page[SilenceStatus]):
    """Silences, and the clock of the data by which they begin and end."""

    now_ms: int


def silence_routes(silences: SilenceService) -> APIRouter:
    router = APIRouter(prefix="/silences", tags=["rules"])

    @router.get("")
    async def list_silences() -> Silences:
        """All that were not taken back, by their beginning; those too that are over."""
        now_ms = await silences.now_ms()
        return Silences(items=[_status(silence, now_ms) for silence in await silences.list_silences()], now_ms=now_ms)

    @router.post("", status_code=HTTPStatus.CREATED)
    async def add_silence(new: NewSilence, x_author: Author = UNNAMED_AUTHOR) -> SilenceStatus:
        """Silence the events that agree in everything `matches` names."""
        now_ms = await silences.now_ms()
        starts_at_ms = now_ms if new.starts_at_ms is None else new.starts_at_ms
        if new.ends_at_ms <= max(starts_at_ms, now_ms):
            detail = "a silence ends after it starts, and not in the past"
            fault = Fault(where="ends_at_ms", detail=detail)
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"ends_at_ms: {detail}", [fault])
        try:
            silence = Silence(
                id=new.id or uuid4().hex[:12], author=x_author, reason=new.reason, starts_at_ms=starts_at_ms,
                ends_at_ms=new.ends_at_ms, matches=new.matches,
            )  # fmt: skip
        except ValidationError as error:
            faults = [
                Fault(where=str(one["loc"][0] if one["loc"] else "body"), detail=one["msg"]) for one in error.errors()
            ]
            detail = "; ".join(f"{fault.where}: {fault.detail}" for fault in faults)
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, faults) from error
        with refusals():
            await silences.add(silence)
        return _status(silence, now_ms)

    @router.post("/{silence_id}/end")
    async def end_silence(silence_id: str) -> SilenceStatus:
        """End a silence now; one that has not begun is taken back as if it had never been."""
        with refusals():
            return _status(await silences.end(silence_id), await silences.now_ms())

    return router


def _status(silence: Silence, now_ms: int) -> SilenceStatus:
    return SilenceStatus(**silence.model_dump(), is_in_force=silence.is_in_force(now_ms))
