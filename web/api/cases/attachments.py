"""`/api/v1/cases/{case}/attachments`: photos, streamed in and out."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from cases.attachments import MOST_BYTES, Attachment, StoredPhoto
from cases.service.services import CaseServices, check_may_attach
from web.api.cases.refusals import refusals
from web.api.cases.routes import TAG
from web.gate.callers import CurrentActor
from web.http.multipart import FilePart, read_parts
from web.http.page_headers import NOTHING, POLICY
from web.http.parameters import Page
from web.http.problems import Fault, Refused, not_found
from web.http.text_limits import is_storable

_LONGEST_NOTE: Final = 4000
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {
                        "photo": {"type": "string", "format": "binary", "description": f"At most {MOST_BYTES} bytes."},
                        "note": {"type": "string", "maxLength": _LONGEST_NOTE, "description": "Before the photo."},
                    },
                }
            }
        },
    }
}
_PHOTO: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The photo as it was sent.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/jpeg", "image/png", "image/webp")
        },
    }
}
_SAFE_HEADERS: Final = {
    POLICY: f"{NOTHING}; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}


def attachment_routes(cases: CaseServices) -> APIRouter:
    """The photos of one case."""
    router = APIRouter(prefix="/cases/{case}/attachments", tags=[TAG])

    @router.get("")
    async def list_attachments(case: str, actor: CurrentActor) -> Page[Attachment]:
        """The photos of a case, the first one first."""
        with refusals():
            known = await asyncio.to_thread(cases.case, case, actor)
        return Page(items=list(await asyncio.to_thread(cases.photos_of, known.case_id)))

    @router.post(
        "", status_code=HTTPStatus.CREATED, openapi_extra=_BODY,
        responses={200: {"model": Attachment, "description": "The case has this very photo already."}},
    )  # fmt: skip
    async def attach(case: str, request: Request, actor: CurrentActor, response: Response) -> Attachment:
        """Attach a photo: JPEG, PNG or WebP by what it is, not by what it is called; kept unchanged, with its EXIF.

        The step shows in the case's history as a comment. Whoever may comment on a case may attach to it.
        """
        with refusals():
            known = await asyncio.to_thread(cases.case, case, actor)
            check_may_attach(known, actor)
            now_ms = await cases.now_ms()
            await asyncio.to_thread(cases.check_room_for_photo, known.case_id, actor, now_ms)
            photo, name, note = await _receive(cases, request)
            added, created = await asyncio.to_thread(cases.attach, known.case_id, photo, name, note, actor, now_ms)
        response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
        response.headers["Location"] = f"/api/v1/cases/{known.case_id}/attachments/{added.attachment_id}"
        return added

    @router.get("/{attachment_id}", response_class=FileResponse, responses=_PHOTO)
    async def get_attachment(case: str, attachment_id: UUID, actor: CurrentActor) -> FileResponse:
        """The photo itself."""
        with refusals():
            known = await asyncio.to_thread(cases.case, case, actor)
        found = await asyncio.to_thread(cases.photo, known.case_id, attachment_id)
        path = cases.photos.path(found.content) if found is not None else None
        if found is None or path is None or not path.is_file():
            raise not_found(f"attachment {attachment_id} of case {known.number}")
        headers = {**_SAFE_HEADERS, "Content-Disposition": f"inline; filename*=UTF-8''{quote(found.name, safe='')}"}
        return FileResponse(path, media_type=found.media_type.value, headers=headers)

    return router


async def _receive(cases: CaseServices, request: Request) -> tuple[StoredPhoto, str, str]:
    """The photo of a form, its name, and the note that came before it."""
    note = ""
    async for part in read_parts(request, MOST_BYTES):
        if part.name == "photo":
            return await cases.photos.receive(part.chunks()), part.filename, note
        if part.name == "note":
            note = _text(b"".join([chunk async for chunk in _bounded(part)]))
    fault = Fault(where="photo", detail="send a form (multipart/form-data) with a file of this name")
    raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"photo: {fault.detail}", [fault])


async def _bounded(part: FilePart) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in part.chunks():
        size += len(chunk)
        if size > 4 * _LONGEST_NOTE:
            raise _bad_note(f"at most {_LONGEST_NOTE} characters")
        yield chunk


def _text(note: bytes) -> str:
    try:
        text = note.decode()
    except UnicodeDecodeError as error:
        raise _bad_note("it is not UTF-8") from error
    if not is_storable(text) or len(text) > _LONGEST_NOTE:
        raise _bad_note(f"at most {_LONGEST_NOTE} characters, and no NUL among them")
    return text.strip()


def _bad_note(detail: str) -> Refused:
    return Refused(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"note: {detail}", [Fault(where="note", detail=detail)]
    )
