"""An ASGI application called in process: a body goes in, and the answer comes, piece by piece (httpx's own waits)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.types import ASGIApp


class StreamingTransport(httpx.AsyncBaseTransport):
    """Each request is a task of its own; closing its answer early lets the application know that the client is gone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        exchange = _Exchange(request, aiter(request.stream))
        return await exchange.begin(self._app)


class _Exchange(httpx.AsyncByteStream):
    def __init__(self, request: httpx.Request, body: AsyncIterator[bytes]) -> None:
        self._request = request
        self._body: AsyncIterator[bytes] | None = body
        self._gone = asyncio.Event()
        self._sent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def begin(self, app: ASGIApp) -> httpx.Response:
        """The head of the answer; its body is this."""
        self._task = asyncio.create_task(self._run(app))
        start = await self._sent.get()
        if start is None:
            await self._task
            raise RuntimeError("the application gave no answer")
        return httpx.Response(start["status"], headers=start.get("headers", ()), stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self._sent.get()) is not None:
            yield message.get("body", b"")
            if not message.get("more_body", False):
                return

    async def aclose(self) -> None:
        self._gone.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self, app: ASGIApp) -> None:
        try:
            await app(self._scope(), self._receive, self._sent.put)  # type: ignore[arg-type]
        finally:
            await self._sent.put(None)

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            piece = await anext(self._body, None)
            if piece is None:
                self._body = None
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    def _scope(self) -> dict[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
