"""`/api/v1/devices/import/file` and `/api/v1/devices/export`: devices files, streamed both ways.

upload ──▶ file on disk ──import_file──▶ lines of JSON: progress …, changes or refused rows …, report

So many at once and no more: whoever comes later is asked to come again, before a byte of the file is read.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any, BinaryIO, Final

import orjson
import structlog
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from device_registry.bulk.formats.contract import MEDIA_TYPES, Format
from device_registry.bulk.importing import Import, Options
from device_registry.records.entries import Datum
from device_registry.service.files import DeviceFileService
from device_registry.storage.device_filter import DeviceFilter
from domain.devices import DeviceState
from domain.errors import UrbansenseError
from web.http.bodies import check_media_type, receive_file
from web.http.headers import UNNAMED_AUTHOR, Author

NDJSON: Final = "application/x-ndjson"
_PROGRESS_EVERY_S: Final = 0.2
_PAGE: Final = 200
_PIECE_BYTES: Final = 256 * 1024
_log = structlog.get_logger()


class ImportLine(BaseModel):
    """One line of the answer, exactly one of these: `progress` (stage, done, of: bytes while reading, then rows);
    `change` of a preview (device_id, result, changes by field as [old, new]); `unreadable` (what kept the whole file
    out); `columns` of the file; `refused` (a row with its cells and errors); `report` at the end; or `problem`, where
    the work failed.
    """

    progress: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    unreadable: dict[str, Any] | None = None
    columns: list[str] | None = None
    refused: dict[str, Any] | None = None
    report: dict[str, Any] | None = None
    problem: str | None = None


def device_file_routes(files: DeviceFileService) -> APIRouter:
    """The routes; to be added before those of `/devices/{device_id}`, which would take `export` for an id."""
    router = APIRouter(prefix="/devices", tags=["devices"])
    any_file = {"schema": {"type": "string", "format": "binary"}}
    body = {"required": True, "content": dict.fromkeys(MEDIA_TYPES.values(), any_file)}
    line = {"type": "object", "description": ImportLine.__doc__}

    @router.post(
        "/import/file",
        openapi_extra={"requestBody": body},
        response_class=StreamingResponse,
        responses={200: {"description": "One JSON object a line.", "content": {NDJSON: {"schema": line}}}},
    )
    async def import_file(
        request: Request,
        datum: Annotated[Datum, Query(description="The datum of rows that name none.")] = Datum.WGS84,
        skip_bad: Annotated[bool, Query(description="Import the good rows and report the others.")] = False,
        preview: Annotated[bool, Query(description="Only tell what would change.")] = False,
        author: Author = UNNAMED_AUTHOR,
    ) -> StreamingResponse:
        """Import a devices file of any size (CSV, XLSX or GeoJSON by its content type). Each line is an `ImportLine`.

        One bad row refuses the whole file, unless `skip_bad`. Closing the connection before the report undoes it.
        """
        options = Options(_format(request), datum, skip_bad, preview)
        with ExitStack() as stack:
            stack.enter_context(files.places.taken())
            file = stack.enter_context(await receive_file(request))
            return _Answer(_lines(files, file, options, author), stack.pop_all())

    @router.get("/export", response_class=StreamingResponse)
    async def export_file(
        format: Annotated[Format, Query(description="Of the file.")] = Format.CSV,
        kind: str | None = None,
        area: Annotated[str | None, Query(description="This area and everything below it.")] = None,
        department: str | None = None,
        state: DeviceState | None = None,
        tag: str | None = None,
    ) -> StreamingResponse:
        """The devices that match every filter, as a file whose import changes nothing. Retired ones are left out."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
        try:
            wanted = DeviceFilter(kind=kind, area=area, department=department, state=state, tag=tag)
            await files.export_file(file, format, wanted)
        except BaseException:
            file.close()
            raise
        headers = {"Content-Disposition": f'attachment; filename="devices.{format.value}"'}
        return StreamingResponse(_pieces(file), media_type=MEDIA_TYPES[format], headers=headers)

    return router


def _format(request: Request) -> Format:
    """By the content type, which also keeps out forms posted by a foreign web page. Raises: Refused (415)."""
    sent = check_media_type(request, *MEDIA_TYPES.values())
    return next(known for known, media_type in MEDIA_TYPES.items() if media_type == sent)


class _Answer(StreamingResponse):
    """The lines of an import; what it held is let go of when they have been sent, or nobody takes them."""

    def __init__(self, lines: AsyncIterator[bytes], held: ExitStack) -> None:
        super().__init__(lines, media_type=NDJSON)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


class _Gone(Exception):
    """Nobody listens any more."""


async def _lines(files: DeviceFileService, file: BinaryIO, options: Options, author: str) -> AsyncIterator[bytes]:
    """The answer line by line; when nobody listens any more, this is closed and the import undone."""
    reached: dict[str, Any] = {}
    gone = asyncio.Event()

    def progress(stage: str, done: int, of: int) -> None:
        if gone.is_set():
            raise _Gone
        reached.update(stage=stage, done=done, of=of)

    work = asyncio.create_task(files.import_file(file, options, author=author, progress=progress))
    try:
        while not work.done():
            await asyncio.wait([work], timeout=_PROGRESS_EVERY_S)
            if reached and not work.done():
                yield _line("progress", reached)
        try:
            done = work.result()
        except UrbansenseError as error:
            yield _line("problem", str(error))
        except Exception:
            _log.exception("an import failed")
            yield _line("problem", "urbansense failed to import this; its log says why")
        else:
            with done:
                async for piece in _in_pages(_outcome(done)):
                    yield piece
    finally:
        gone.set()
        with suppress(Exception, asyncio.CancelledError):
            await asyncio.wait([work])
            work.result().staging.close()


def _outcome(done: Import) -> Iterator[bytes]:
    if done.options.preview:
        for one in done.results():
            if one.result != "unchanged":
                yield _line("change", one._asdict())
    yield from (_line("unreadable", asdict(error)) for error in done.unreadable)
    yield _line("columns", done.columns)
    for row in done.refused():
        errors = [{"column": error.column, "what": error.what, "remedy": error.remedy} for error in row.errors]
        yield _line("refused", {"line": row.line, "cells": row.cells, "extra": row.extra, "errors": errors})
    report = {name: getattr(done, name) for name in ("rows", "created", "updated", "unchanged", "applied")}
    yield _line("report", {**report, "refused": done.refused_rows})


async def _in_pages(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    while page := await asyncio.to_thread(lambda: b"".join(islice(lines, _PAGE))):
        yield page


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece


def _line(name: str, content: Any) -> bytes:
    return orjson.dumps({name: content}, default=repr, option=orjson.OPT_APPEND_NEWLINE)
