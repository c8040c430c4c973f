"""What a stranger's request brings before any route: forms, headers, cookies. It is read, or refused as a problem."""

import asyncio
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Final

from starlette.requests import HTTPConnection, Request

from tests.fuzz.target import Target
from web.gate.hosts import host_name
from web.gate.origins import is_foreign, is_same_origin
from web.gate.session_cookie import session_in
from web.http.bodies import read_text
from web.http.multipart import read_parts
from web.http.problems import Refused


def _request(headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Request:
    """A request whose body comes in two pieces."""
    pieces = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> MutableMapping[str, Any]:
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    scope = {"type": "http", "method": "POST", "path": "/", "scheme": "http", "query_string": b"", "headers": headers,
             "server": ("127.0.0.1", 8080)}  # fmt: skip
    return Request(scope, receive)


def _refusing(act: Callable[[bytes], Any]) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        try:
            asyncio.run(act(data))
        except Refused:
            pass  # as declared

    return check


async def _form(data: bytes) -> None:
    """The media type stands in the first line."""
    kind, _, body = data.partition(b"\n")
    parts = 0
    async for part in read_parts(_request([(b"content-type", kind.strip())], body), 10_000):
        assert isinstance(part.filename, str)
        async for chunk in part.chunks():
            assert len(chunk) <= len(body)
        parts += 1
    assert parts <= len(body)


async def _text(data: bytes) -> None:
    kind, _, rest = data.partition(b"\n")
    length, _, body = rest.partition(b"\n")
    await read_text(_request([(b"content-type", kind), (b"content-length", length)], body), "text/csv")


def _headers(data: bytes) -> None:
    """Host, Origin and cookies, a line each: whatever they hold, they decide without an exception."""
    names = (b"host", b"origin", b"cookie", b"sec-fetch-site")
    lines = [line.strip() for line in data.split(b"\n")]
    headers = [(name, line) for name, line in zip(names, lines, strict=False) if line]
    scope = {"type": "http", "scheme": "http", "path": "/", "query_string": b"", "headers": headers, "method": "GET",
             "server": ("127.0.0.1", 8080)}  # fmt: skip
    connection = HTTPConnection(scope)
    assert not (is_foreign(connection) and is_same_origin(connection))
    session_in(connection)
    assert host_name(connection.headers.get("host", "")) == host_name(connection.headers.get("host", "")).lower()


_FORM: Final = (
    b"multipart/form-data; boundary=b\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
    b"Content-Type: text/csv\r\n\r\ndevice_id\r\n\r\n"
    b"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--\r\n"
)  # fmt: skip

TARGETS: Final = (
    Target("multipart-form", _refusing(_form), lambda: [_FORM]),
    Target("text-body", _refusing(_text), lambda: [b"text/csv; charset=utf-8\n9\ndevice_id", b"text/csv\n5\n\xff"]),
    Target(
        "request-headers", _headers,
        lambda: [b"127.0.0.1:8080\nhttp://127.0.0.1:8080\nurbansense_session=abc; a=b\n", b"[::1]:80\nnull\n\ncross-site"],
    ),
)  # fmt: skip
