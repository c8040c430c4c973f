"""Ends what stays open, a stream or a live page, soon after its caller may no longer have it."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import structlog
from starlette.types import Message, Scope, Send

_log = structlog.get_logger()

LOOK_AGAIN_S: Final = 30.0
"""How long after the last look the next message has the caller looked at again."""


class RevocationWatch:
    """Stands before `send`. `ended` once the caller was found to be out: then nothing more is sent.

    Raises, from `send`: ConnectionAbortedError to the app whose answer was ended.
    """

    def __init__(self, scope: Scope, send: Send, still_admitted: Callable[[], Awaitable[bool]]) -> None:
        self._scope = scope
        self._send = send
        self._still_admitted = still_admitted
        self._looked_at = monotonic()
        self.ended = False

    async def send(self, message: Message) -> None:
        if not self.ended and monotonic() - self._looked_at >= LOOK_AGAIN_S:
            self._looked_at = monotonic()
            self.ended = not await self._still_admitted()
            if self.ended:
                await self._end()
        if not self.ended:
            await self._send(message)
        elif self._scope["type"] == "http":
            raise ConnectionAbortedError("the caller may no longer have this stream")

    async def _end(self) -> None:
        _log.info("web.stream_ended", path=self._scope["path"])
        if self._scope["type"] == "websocket":
            await self._send({"type": "websocket.close", "code": 1008})
        else:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
