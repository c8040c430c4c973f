"""Forms with files (multipart/form-data, RFC 7578), read part by part as they come; nothing of it is kept."""

from collections import deque
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from web.http.problems import Refused

_ROOM_FOR_FIELDS: Final = 64 * 1024
_Event = tuple[str, bytes]


class FilePart:
    """One part of a form. Read it before asking for the next one; what is left of it then is dropped."""

    def __init__(self, form: "_Form", name: str, filename: str) -> None:
        self.name = name
        self.filename = filename
        self._form = form

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its content, piece by piece."""
        while (event := await self._form.next_event()) is not None:
            what, data = event
            if what == "data":
                yield data
            elif what == "end":
                return


async def read_parts(request: Request, most_file_bytes: int) -> AsyncIterator[FilePart]:
    """The parts of the form, in their order.

    Raises: Refused (415) where the body is none; Refused (413) where it is declared or found to be larger than a file of
    `most_file_bytes` and some fields; Refused (422) where it breaks off or cannot be read.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "send a form: multipart/form-data")
    form = _Form(request, boundary, most_file_bytes + _ROOM_FOR_FIELDS)
    disposition = b""
    while (event := await form.next_event()) is not None:
        what, data = event
        if what == "begin":
            disposition = b""
        elif what == "disposition":
            disposition = data
        elif what == "headers":
            _, named = parse_options_header(disposition.decode("latin-1"))
            yield FilePart(form, _text(named.get(b"name")), _text(named.get(b"filename")))


class _Form:
    """Pulls events out of the parser that pushes them."""

    def __init__(self, request: Request, boundary: bytes, most_bytes: int) -> None:
        self._body = request.stream()
        self._most_bytes = most_bytes
        self._size = 0
        self._events: deque[_Event] = deque()
        self._field, self._value = bytearray(), bytearray()
        self._ended = False
        self._parser = self._opened(boundary)

    async def next_event(self) -> _Event | None:
        """What comes next; None at the end of the form."""
        while not self._events:
            if self._ended:
                return None
            chunk = await anext(self._body, b"")
            self._size += len(chunk)
            if self._size > self._most_bytes:
                detail = f"a form has at most {self._most_bytes} bytes"
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)
            try:
                if chunk:
                    self._parser.write(chunk)
                else:
                    self._parser.finalize()
                    raise FormParserError("it breaks off")
            except FormParserError as error:
                detail = f"the form cannot be read: {error}"
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail) from error
        return self._events.popleft()

    def _opened(self, boundary: bytes) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": lambda: self._events.append(("begin", b"")),
                    "on_part_data": lambda data, start, end: self._events.append(("data", data[start:end])),
                    "on_part_end": lambda: self._events.append(("end", b"")),
                    "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": lambda: self._events.append(("headers", b"")),
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            detail = f"the form cannot be read: {error}"
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail) from error

    def _end_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._events.append(("disposition", bytes(self._value)))
        self._field.clear()
        self._value.clear()

    def _end(self) -> None:
        self._ended = True


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("utf-8", "replace")
