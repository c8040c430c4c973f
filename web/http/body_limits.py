"""How large a body may be, and of how many values, before anything parses it.

request ──▶ Gate: may they? ──▶ BoundedBodies: how much? ──▶ route: parsed, validated
A body of JSON becomes some thirty times its size in objects, and each value that is wrong one more error to report.
Files have bounds of their own: they are streamed to the disk, and never stand in memory.
"""

import re
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.http.problems import Refused, problem_response


class BodyLimit(NamedTuple):
    """Units: bytes of the body; commas and colons in it, which are no fewer than its values."""

    size: int
    values: int


_KIB: Final = 1024
_DEFAULT: Final = BodyLimit(1024 * _KIB, 50_000)
_OF_STRANGERS: Final = BodyLimit(16 * _KIB, 1_000)
_WITH_SHAPES: Final = BodyLimit(16 * 1024 * _KIB, 1_000_000)
_BY_PATH: Final = {
    "/login": _OF_STRANGERS,
    "/api/v1/login": _OF_STRANGERS,
    "/api/v1/logout": _OF_STRANGERS,
    "/api/v1/areas": _WITH_SHAPES,
    "/api/v1/devices/search": BodyLimit(4 * 1024 * _KIB, 300_000),
}
_STREAMED: Final = re.compile(r"/api/v1/(devices/import(/file)?|cases/[^/]+/attachments)")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class BoundedBodies:
    """ASGI middleware inside the gate: the whole body within its bounds goes on, or the answer is 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _BODILESS or _STREAMED.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(receive, _BY_PATH.get(scope["path"], _DEFAULT))
        except Refused as refused:
            await problem_response(Request(scope), refused)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _again(body, receive), send)


async def _read(receive: Receive, limit: BodyLimit) -> bytes | None:
    """The body; None where the client went away. Raises: Refused (413)."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > limit.size:
            raise _too_large(f"the body is larger than {limit.size} bytes")
        if not message.get("more_body", False):
            break
    if body.count(b",") + body.count(b":") > limit.values:
        raise _too_large(f"the body holds more than {limit.values} values")
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as if it came now; behind it whatever really comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again


def _too_large(detail: str) -> Refused:
    """The connection ends with it: what is left of the body is not read."""
    headers = {"Connection": "close"}
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"{detail}; send it in parts", headers=headers)
