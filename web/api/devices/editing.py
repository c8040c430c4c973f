"""`/api/v1/devices`: register, change, remove; history, health, statistics, and the proof of the topic."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel

from device_registry.records.entries import DETAIL_FIELDS, DEVICE_FIELDS, DeviceEntry, StoredEntry
from device_registry.service.registry import RegistryService
from device_registry.storage.audit import Subject
from domain.time.units import HOUR_MS
from timeseries.ports import TelemetryReader
from web.api.devices.bodies import DeviceBody, RegisteredDevice, patched
from web.api.devices.health import DeviceHealth, device_health
from web.api.devices.history import Change, history_page
from web.api.devices.refusals import refusals
from web.http.headers import UNNAMED_AUTHOR, Author, IfMatch, etag, expected_version
from web.http.parameters import Cursor, Limit, Page
from web.http.problems import Refused, not_found
from web.live.feed import LiveFeed

_REFUSED: Final = "refused-device"


class Statistics(BaseModel):
    """The fleet in a few numbers; `by_area` is one level below the area asked for.

    `heard_last_hour` counts devices that this process received from, by the log's clock.
    """

    devices: int
    located: int
    by_state: dict[str, int]
    by_kind: dict[str, int]
    by_profile: dict[str, int]
    by_department: dict[str, int]
    by_area: dict[str, int]
    heard_last_hour: int | None


class Proof(BaseModel):
    """Whether `registry.devices` says what the registry says. Keys as on the topic, at most 100 of each sort."""

    agrees: bool
    agreeing: int
    missing: list[str]
    different: list[str]
    strays: list[str]
    published: int
    repaired: int


def add_editing_routes(router: APIRouter, records: RegistryService, telemetry: TelemetryReader, live: LiveFeed) -> None:
    """The routes; to be added before `/{device_id}`, which would take their names for ids."""
    _add_fleet_routes(router, records, live)
    _add_device_routes(router, records, telemetry)

    @router.post("", status_code=HTTPStatus.CREATED)
    async def register_device(
        body: DeviceBody, response: Response, author: Author = UNNAMED_AUTHOR
    ) -> RegisteredDevice:
        """Register a device that is not known yet (409 where it is)."""
        if await records.get_entry(body.device_id) is not None:
            raise Refused(HTTPStatus.CONFLICT, "exists", f"device {body.device_id!r} is registered already")
        entry = body.entry(await records.profiles())
        with refusals(_REFUSED):
            await records.put_device(entry, author=author, expected_version=0)
        response.headers["Location"] = f"/api/v1/devices/{body.device_id}"
        return await _with_etag(records, body.device_id, response)

    @router.put("/{device_id}")
    async def put_device(
        device_id: str,
        body: DeviceBody,
        response: Response,
        if_match: IfMatch = None,
        author: Author = UNNAMED_AUTHOR,
    ) -> RegisteredDevice:
        """Store the whole device, new or known; what the body leaves out is emptied."""
        if body.device_id != device_id:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, _REFUSED, "device_id is not the one of the path")
        entry = body.entry(await records.profiles())
        with refusals(_REFUSED):
            await records.put_device(entry, author=author, expected_version=expected_version(if_match))
        return await _with_etag(records, device_id, response)

    @router.patch("/{device_id}")
    async def change_device(
        device_id: str,
        patch: Annotated[dict[str, Any], Body(description="The fields to change (JSON Merge Patch, RFC 7396).")],
        response: Response,
        if_match: IfMatch = None,
        author: Author = UNNAMED_AUTHOR,
    ) -> RegisteredDevice:
        """Change some fields, the state among them: `{"state": "suspended"}`. Null empties a field."""
        held = await _known(records, device_id)
        entry = patched(DeviceEntry(held.device, held.details), patch)
        expected = expected_version(if_match)
        with refusals(_REFUSED):
            await records.put_device(
                entry, author=author, expected_version=held.device.version if expected is None else expected
            )
        return await _with_etag(records, device_id, response)

    @router.delete("/{device_id}", status_code=HTTPStatus.NO_CONTENT)
    async def remove_device(device_id: str, if_match: IfMatch = None, author: Author = UNNAMED_AUTHOR) -> None:
        """Remove a device that was registered by mistake; one that is taken out of service is retired instead."""
        with refusals(_REFUSED):
            removed = await records.remove_device(device_id, author=author, expected_version=expected_version(if_match))
        if not removed:
            raise not_found(f"device {device_id!r}")


def _add_fleet_routes(router: APIRouter, records: RegistryService, live: LiveFeed) -> None:
    @router.get("/statistics")
    async def statistics(area: str | None = None) -> Statistics:
        """How many devices there are of what, in the area and below or in the whole city."""
        tally = await records.tally(area)
        return Statistics(**asdict(tally), heard_last_hour=_reporting_last_hour(live) if area is None else None)

    @router.post("/verify")
    async def verify(
        repair: Annotated[bool, Query(description="Make the topic say what the registry says.")] = False,
    ) -> Proof:
        """Compare `registry.devices` with the registry, record by record. Publishing waits meanwhile."""
        found = await records.verify(repair=repair)
        return Proof(
            agrees=found.agrees,
            agreeing=found.agreeing,
            missing=_texts(found.missing),
            different=_texts(found.different),
            strays=_texts(found.strays),
            published=found.published,
            repaired=found.repaired,
        )

    @router.get("/history")
    async def all_history(limit: Limit = 100, cursor: Cursor = None) -> Page[Change]:
        """Who changed which device, newest first."""
        return await history_page(records, Subject.DEVICE, None, cursor, limit)


def _add_device_routes(router: APIRouter, records: RegistryService, telemetry: TelemetryReader) -> None:
    @router.get("/{device_id}/history")
    async def history(device_id: str, limit: Limit = 100, cursor: Cursor = None) -> Page[Change]:
        """Who changed the device, and how, newest first; also of one that was removed."""
        page = await history_page(records, Subject.DEVICE, device_id, cursor, limit)
        if not page.items and cursor is None:
            raise not_found(f"device {device_id!r}")
        return page

    @router.get("/{device_id}/health")
    async def health(device_id: str) -> DeviceHealth:
        """When it last reported, battery, signal, and how much of its last 24 hours arrived and was refused."""
        held = await _known(records, device_id)
        return await device_health(held.device, telemetry, records)


async def _known(records: RegistryService, device_id: str) -> StoredEntry:
    held = await records.get_entry(device_id)
    if held is None:
        raise not_found(f"device {device_id!r}")
    return held


async def _with_etag(records: RegistryService, device_id: str, response: Response) -> RegisteredDevice:
    device, details, created_at_ms, updated_at_ms = await _known(records, device_id)
    response.headers["ETag"] = etag(device.version)
    return RegisteredDevice(
        **{fact: getattr(device, fact) for fact in DEVICE_FIELDS},
        **{fact: getattr(details, fact) for fact in DETAIL_FIELDS if fact != "tags"},
        tags=list(details.tags),
        created_at_ms=created_at_ms,
        updated_at_ms=updated_at_ms,
    )


def _reporting_last_hour(live: LiveFeed) -> int | None:
    now_ms = live.now_ms()
    if now_ms is None:
        return None
    return sum(now_ms - at_ms <= HOUR_MS for at_ms in live.last_heard_ms().values())


def _texts(keys: tuple[bytes, ...]) -> list[str]:
    return [key.decode(errors="replace") for key in keys[:100]]
