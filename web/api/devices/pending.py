"""`/api/v1/pending-devices`: unknown devices that reported, and what an operator makes of them."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ValidationError

from device_registry.pending.store import PendingDevice
from device_registry.service.services import RegistryServices
from domain.rejections import Replay
from web.api.devices.bodies import DeviceBody
from web.api.devices.refusals import refusals
from web.http.headers import UNNAMED_AUTHOR, Author
from web.http.parameters import Cursor, Limit, Page
from web.http.problems import Fault, Refused, not_found

_REFUSED = "refused-device"


class PendingTold(BaseModel):
    """An unknown device: the name it reported under, where, how often, and its last payload in base64, cut."""

    name: str
    dev_eui: str | None
    kind: str | None
    speaker: str | None
    topic: str
    sample: str
    first_seen_ms: int
    last_seen_ms: int
    reports: int
    refused_at_ms: int | None
    refused_by: str | None


class Accepted(BaseModel):
    """The device that it is now, and what became of its rejected messages."""

    device_id: str
    kind: str
    replayed: int
    accepted: int
    problems: list[str]


def pending_routes(registry: RegistryServices) -> APIRouter:
    router = APIRouter(prefix="/pending-devices", tags=["pending devices"])

    @router.get("")
    async def list_pending(
        refused: Annotated[bool, Query(description="Those that were refused.")] = False,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[PendingTold]:
        """Unknown devices that reported, by name."""
        found = await registry.pending.page(refused=refused, after=cursor, limit=limit + 1)
        items = [PendingTold.model_validate(one, from_attributes=True) for one in found[:limit]]
        return Page(items=items, next=items[-1].name if len(found) > limit else None)

    @router.post("/{name}/accept")
    async def accept(
        name: str,
        facts: Annotated[
            dict[str, Any], Body(description="Fields of the device; what its message tells may be left out.")
        ],
        replay: Annotated[bool, Query(description="Put its rejected reports through.")] = True,
        author: Author = UNNAMED_AUTHOR,
    ) -> Accepted:
        """Register it, and take in what it has reported so far."""
        pending = await registry.pending.get(name)
        if pending is None:
            raise not_found(f"pending device {name!r}")
        body = await _body(pending, facts, registry)
        entry = body.entry(await registry.records.profiles())
        with refusals(_REFUSED):
            await registry.records.put_device(entry, author=author, expected_version=0)
        done: Replay = await registry.pending.settle(name, body.device_id, replay=replay)
        return Accepted(
            device_id=body.device_id,
            kind=body.kind,
            replayed=done.replayed,
            accepted=done.accepted,
            problems=list(done.problems),
        )

    @router.post("/{name}/refuse", status_code=HTTPStatus.NO_CONTENT)
    async def refuse(name: str, author: Author = UNNAMED_AUTHOR) -> None:
        """Want none of it: its reports are rejected as before, and it is not listed any more."""
        if not await registry.pending.drop(name, for_good=True, author=author):
            raise not_found(f"pending device {name!r}")

    @router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def forget(name: str, author: Author = UNNAMED_AUTHOR) -> None:
        """Take it off the list, refused or not; its next report puts it there again."""
        if not await registry.pending.drop(name, for_good=False, author=author):
            raise not_found(f"pending device {name!r}")

    return router


async def _body(pending: PendingDevice, facts: dict[str, Any], registry: RegistryServices) -> DeviceBody:
    """What its message contains, with the operator's facts laid over it. Raises: Refused (422)."""
    known: dict[str, Any] = {"device_id": pending.name, "kind": pending.kind, "dev_eui": pending.dev_eui}
    profile = (await registry.records.profiles()).get(str(facts.get("profile")))
    if profile is not None:
        known["kind"] = profile.kind
    if pending.speaker is not None and await registry.records.get_entry(pending.speaker) is not None:
        known["parent_id"] = pending.speaker
    given = {name: value for name, value in {**known, **facts}.items() if value is not None}
    if pending.dev_eui is None and given["device_id"] != pending.name:
        raise _wrong("device_id", f"it reports as {pending.name!r}")
    if "kind" not in given:
        raise _wrong("kind", "its messages do not tell its kind: give kind or profile")
    try:
        return DeviceBody.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(".".join(map(str, first["loc"])), first["msg"]) from error


def _wrong(where: str, detail: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, _REFUSED, f"{where}: {detail}", [Fault(where=where, detail=detail)])
