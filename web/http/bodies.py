"""Request bodies that are no JSON: text of one media type, such as a rule document, and files of any size."""

import codecs
import tempfile
from http import HTTPStatus
from typing import Any, BinaryIO, Final

from fastapi import Request

from web.http.problems import Refused

MAX_TEXT_BYTES: Final = 1024 * 1024
MAX_FILE_BYTES: Final = 2 * 1024 * 1024 * 1024


async def read_text(request: Request, media_type: str) -> str:
    """The body as text, a byte order mark taken off.

    Raises: Refused (415) where the body is declared to be of another media type, which also keeps out forms posted by a
    foreign web page; Refused (413) where it is too large; Refused (422) where it is not UTF-8.
    """
    check_media_type(request, media_type)
    body = bytearray()
    async for chunk in request.stream():
        _check_size(len(body) + len(chunk), MAX_TEXT_BYTES)
        body += chunk
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(error.start) from error


def check_media_type(request: Request, *known: str) -> str:
    """What the body is declared to be. Raises: Refused (415) where that is not one of those."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent in known:
        return sent
    detail = f"send the body as {', '.join(known)}, not as {sent or 'an unnamed type'}"
    raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)


async def receive_file(request: Request, *, must_be_utf8: bool = False) -> BinaryIO:
    """The body in a file without a name, which the caller closes.

    Raises: Refused (413) where it is too large; Refused (422) where it must be UTF-8 and is not.
    """
    declared = request.headers.get("content-length", "")
    _check_size(int(declared) if declared.isdecimal() else 0, MAX_FILE_BYTES)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        async for chunk in request.stream():
            _check_size(file.tell() + len(chunk), MAX_FILE_BYTES)
            if must_be_utf8:
                before = file.tell() - len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    raise _not_utf8(before + error.start) from error
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    return file


def text_body(media_type: str) -> dict[str, Any]:
    """What the OpenAPI document holds of a route that reads such a body."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": {"type": "string"}}}}}


def _check_size(size: int, most: int) -> None:
    if size > most:
        detail = f"the body is larger than {most} bytes; send it in parts"
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)


def _not_utf8(at: int) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"the body is not UTF-8 at byte {at}")
