"""Request bodies that are text of one media type: a devices file, a rule document."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Request

from web.http.problems import Refused

MAX_BODY_BYTES: Final = 128 * 1024 * 1024
"""Room for a devices file of some 500,000 rows."""


async def read_text(request: Request, media_type: str) -> str:
    """The body as text, a byte order mark taken off.

    Raises: Refused (415) where the body is declared to be of another media type, which also keeps out forms posted by a
    foreign web page; Refused (413) where it is too large; Refused (422) where it is not UTF-8.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != media_type:
        detail = f"send the body as {media_type}, not as {sent or 'an unnamed type'}"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    try:
        return (await _read_body(request)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"the body is not UTF-8 at byte {error.start}"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail) from error


async def _read_body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    body = bytearray()
    if not declared.isdecimal() or (len(declared) < 19 and int(declared) <= MAX_BODY_BYTES):
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                break
        else:
            return bytes(body)
    detail = f"the body is larger than {MAX_BODY_BYTES} bytes; send it in parts"
    raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)


def text_body(media_type: str) -> dict[str, Any]:
    """What the OpenAPI document holds of a route that reads such a body."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": {"type": "string"}}}}}
