"""The web application as a service that announces where it listens."""

import asyncio
from collections.abc import Sequence

import structlog
from fastapi import FastAPI

from web.serving.connections import ConnectionBounds, Connections
from web.serving.server import serve

_log = structlog.get_logger()


class WebServer:
    """Serves on `host`; `port` is the port in use once requests are answered, None before.

    `trusted_proxies` are addresses and networks whose word on where a request comes from is taken.
    """

    def __init__(
        self, app: FastAPI, wanted_port: int, host: str = "127.0.0.1", trusted_proxies: Sequence[str] = ()
    ) -> None:
        self._app = app
        self._wanted_port = wanted_port
        self._host = host
        self.port: int | None = None
        self.connections = Connections(ConnectionBounds(), trusted_proxies)

    async def run(self, stop: asyncio.Event) -> None:
        await serve(self._app, self._wanted_port, stop, self._announce, self._host, self.connections)

    def _announce(self, port: int) -> None:
        self.port = port
        _log.info("the live page and the API answer", page=f"http://{self._host}:{port}/", docs="/api/docs")
