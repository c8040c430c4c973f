"""`/api/v1/cases/{case}/attachments`: photos, streamed in and out."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from cases.attachments import MOST_BYTES, Attachment, StoredPhoto, add_attachment, attachments_of, find_attachment
from cases.service.services import CaseServices
from cases.workflow.case import Case
from cases.workflow.choices import choices_for
from cases.workflow.performing import Act
from cases.workflow.refusals import NotAllowed
from domain.actors import Actor
from web.api.cases.refusals import refusals
from web.api.cases.routes import TAG, seen_case
from web.api.cases.visibility import sees
from web.gate.callers import CurrentActor
from web.http.multipart import FilePart, read_parts
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
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}


def attachment_routes(cases: CaseServices) -> APIRouter:
    """The photos of one case."""
    router = APIRouter(prefix="/cases/{case}/attachments", tags=[TAG])

    @router.get("")
    async def list_attachments(case: str, actor: CurrentActor) -> Page[Attachment]:
        """The photos of a case, the first one first."""
        known = await asyncio.to_thread(seen_case, cases, case, actor)
        return Page(items=list(await asyncio.to_thread(_photos, cases, known)))

    @router.post(
        "", status_code=HTTPStatus.CREATED, openapi_extra=_BODY,
        responses={200: {"model": Attachment, "description": "The case has this very photo already."}},
    )  # fmt: skip
    async def attach(case: str, request: Request, actor: CurrentActor, response: Response) -> Attachment:
        """Attach a photo: JPEG, PNG or WebP by what it is, not by what it is called; kept unchanged, with its EXIF.

        The step shows in the case's history as a comment. Whoever may comment on a case may attach to it.
        """
        known = await asyncio.to_thread(seen_case, cases, case, actor)
        with refusals():
            _check_may_attach(known, actor)
            photo, name, note = await _receive(cases, request)
            now_ms = await cases.now_ms()
            added, created = await asyncio.to_thread(_add, cases, known.case_id, photo, name, note, actor, now_ms)
        response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
        response.headers["Location"] = f"/api/v1/cases/{known.case_id}/attachments/{added.attachment_id}"
        return added

    @router.get("/{attachment_id}", response_class=FileResponse, responses=_PHOTO)
    async def get_attachment(case: str, attachment_id: UUID, actor: CurrentActor) -> FileResponse:
        """The photo itself."""
        known = await asyncio.to_thread(seen_case, cases, case, actor)
        found = await asyncio.to_thread(_photo, cases, known, attachment_id)
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


def _check_may_attach(case: Case, actor: Actor) -> None:
    if not any(one.name == "comment" for one in choices_for(case, actor)):
        raise NotAllowed(f"{case.number}: {actor.name} may not comment on it, nor attach to it")


def _add(
    cases: CaseServices, case_id: UUID, photo: StoredPhoto, name: str, note: str, actor: Actor, now_ms: int
) -> tuple[Attachment, bool]:
    with cases.book.transaction() as transaction:
        case = transaction.get(case_id)
        if case is None or not sees(actor, case):
            raise not_found(f"case {case_id}")
        added, created = add_attachment(transaction.connection, case_id, photo, name, actor.name, now_ms)
        if created:
            details = {"attachment": str(added.attachment_id), "sha256": added.content}
            act = Act("comment", actor, now_ms, note=note or added.name, details=details)
            transaction.act(case_id, act)
    return added, created


def _photos(cases: CaseServices, case: Case) -> tuple[Attachment, ...]:
    with cases.book.database.reading() as connection:
        return attachments_of(connection, case.case_id)


def _photo(cases: CaseServices, case: Case, attachment_id: UUID) -> Attachment | None:
    with cases.book.database.reading() as connection:
        return find_attachment(connection, case.case_id, attachment_id)
