"""Patience with a platform that is there: it is waited for as long as it lives, and whoever waits is shown for what."""

import asyncio
import sys
from collections.abc import Callable
from time import monotonic
from typing import Final

import httpx

from domain.errors import UrbansenseError
from urbansense.configuration.presence import Holder, holder_of
from urbansense.configuration.wording import sentence

_LOOK_EVERY_S: Final = 0.2
_SHOW_AFTER_S: Final = 3.0


class PlatformEnded(UrbansenseError):
    """The platform ended while a command waited for it."""


class Notice:
    """One line on standard error, once a command has waited for some seconds; the same line never twice."""

    def __init__(self) -> None:
        self._began_s = monotonic()
        self._shown = ""

    def show(self, line: str) -> None:
        if line != self._shown and monotonic() - self._began_s >= _SHOW_AFTER_S:
            self._shown = line
            print(sentence(line), file=sys.stderr, flush=True)


class LifeWatch:
    """The life of the platform that holds a folder."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.words = f"the {holder.works_as.value} of {holder.folder} (pid {holder.pid or '?'})"

    def check(self) -> None:
        """Raises: PlatformEnded once the process that held the folder does so no more."""
        now = holder_of(self.holder.folder)
        if now is None or (None not in (now.pid, self.holder.pid) and now.pid != self.holder.pid):
            raise PlatformEnded(f"{self.words} ended while it was waited for; what was under way may not be done")


class PatientTransport(httpx.AsyncBaseTransport):
    """Requests that wait for their answer as long as `check` raises nothing, with one line once that takes seconds."""

    def __init__(self, inner: httpx.AsyncBaseTransport, check: Callable[[], None], slow: str) -> None:
        self._inner, self._check, self._slow = inner, check, slow

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asking = asyncio.ensure_future(self._inner.handle_async_request(request))
        notice = Notice()
        try:
            while not (await asyncio.wait({asking}, timeout=_LOOK_EVERY_S))[0]:
                self._check()
                notice.show(self._slow)
            try:
                return await asking
            except httpx.TransportError:
                self._check()  # that it ended is the better reason
                raise
        finally:
            if not asking.done():
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)

    async def aclose(self) -> None:
        await self._inner.aclose()
