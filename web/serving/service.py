"""The web application as a service that announces where it listens."""

import asyncio

import structlog
from fastapi import FastAPI

from web.serving.server import serve

_log = structlog.get_logger()


class WebServer:
    """Serves on `host`; `port` is the port in use once requests are answered, None before."""

    def __init__(self, app: FastAPI, wanted_port: int, host: str = "127.0.0.1") -> None:
        self._app = app
        self._wanted_port = wanted_port
        self._host = host
        self.port: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        await serve(self._app, self._wanted_port, stop, self._announce, self._host)

    def _announce(self, port: int) -> None:
        self.port = port
        _log.info("the live page and the API answer", page=f"http://{self._host}:{port}/", docs="/api/docs")
