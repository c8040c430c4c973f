"""Ends what stays open, a stream or a live page, as soon as its caller may no longer have it, or not as before.

open answers ◀── every second: did the audit log gain a row by which somebody lost access? ──▶ each is looked at again
             ◀── every half minute anyway, since sessions also end by themselves
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import structlog
from starlette.types import Message, Receive, Scope, Send

from accounts.sessions.access_changes import AccessChanges
from domain.errors import TransientFault

_log = structlog.get_logger()

LOOK_S: Final = 1.0
LOOK_AGAIN_S: Final = 30.0
_GRACE_S: Final = 5.0


@dataclass(eq=False, slots=True)
class OpenAnswer:
    """One answer on its way, in its task. `ended` once its caller was found to be out: then nothing more is sent."""

    scope: Scope
    still_admitted: Callable[[], Awaitable[bool]]
    _send: Send
    _receive: Receive
    _task: "asyncio.Task[object] | None" = field(default_factory=asyncio.current_task)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    looked_at: float = float("-inf")

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def end(self) -> None:
        """Over: a request's task is cancelled, a socket's app receives that the other side is gone."""
        _log.info("web.stream_ended", path=self.scope["path"])
        self._ended.set()
        if self._task is not None:
            if self.scope["type"] == "http":
                self._task.cancel()
            else:
                asyncio.get_running_loop().call_later(_GRACE_S, self._task.cancel)

    async def send(self, message: Message) -> None:
        """Raises: ConnectionAbortedError to the app whose answer was ended."""
        if self.ended:
            raise ConnectionAbortedError("the caller may no longer have this")
        await self._send(message)

    async def receive(self) -> Message:
        """What comes next; of a socket also its end."""
        if self.scope["type"] == "http":
            return await self._receive()
        coming, ending = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            return {"type": "websocket.disconnect", "code": 1008} if self.ended else await coming
        finally:
            coming.cancel()
            ending.cancel()

    async def close(self) -> None:
        """Let the other side know, if it still reads."""
        closing: Message = {"type": "http.response.body", "body": b"", "more_body": False}
        if self.scope["type"] == "websocket":
            closing = {"type": "websocket.close", "code": 1008}
        with suppress(Exception):
            async with asyncio.timeout(_GRACE_S):
                await self._send(closing)


class OpenAnswers:
    """The answers on their way; looks after them as long as there are any. For one event loop."""

    def __init__(self, changes: AccessChanges) -> None:
        self._changes = changes
        self._open: set[OpenAnswer] = set()
        self._looking: asyncio.Task[None] | None = None

    def add(self, answer: OpenAnswer) -> None:
        self._open.add(answer)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    def discard(self, answer: OpenAnswer) -> None:
        self._open.discard(answer)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._open:
                return
            try:
                changed = await asyncio.to_thread(self._changes.any)
            except TransientFault:
                continue
            for answer in list(self._open):
                if changed or monotonic() - answer.looked_at >= LOOK_AGAIN_S:
                    answer.looked_at = monotonic()
                    if not answer.ended and not await answer.still_admitted() and answer in self._open:
                        answer.end()
