"""What a service that runs alone answers on its port, and `up` while it opens what it stands on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from domain.errors import TransientFault
from urbansense.running.services import run_services
from web.api.operations.health import Health, Readiness, answer_readiness
from web.api.operations.readiness import ReadinessWatch
from web.http.page_headers import HardenedApp
from web.http.problems import problem_response, unavailable
from web.serving.server import serve


@asynccontextmanager
async def probed(
    port: int, watch: ReadinessWatch, stop: asyncio.Event, *, until_api: bool = False
) -> AsyncIterator[None]:
    """Inside, the probe answers and `watch` examines its checks. Where that fails `stop` is set, and the error raised.

    `until_api`: the API takes the port over, so what is asked of it meanwhile is unavailable, not unknown.
    """
    end = asyncio.Event()
    probe = ProbeServer(port, watch, until_api=until_api)
    probing = asyncio.create_task(run_services({"probe": probe, "readiness": watch}, end))
    probing.add_done_callback(lambda _: None if end.is_set() else stop.set())
    try:
        yield
    finally:
        end.set()
        await probing


class ProbeServer:
    """Serves `/healthz`, `/readyz` and `/metrics` on 127.0.0.1: whoever asks is on this machine, and gets every detail."""

    def __init__(self, port: int, watch: ReadinessWatch, *, until_api: bool = False) -> None:
        self._port = port
        self._watch = watch
        self._app = HardenedApp(title="urbansense service", docs_url=None, redoc_url=None, openapi_url=None)
        self._app.state.closing = asyncio.Event()
        self._app.get("/healthz")(self._healthz)
        self._app.get("/readyz")(self._readyz)
        self._app.get("/metrics")(self._metrics)
        if until_api:
            self._app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])(self._starting)

    async def run(self, stop: asyncio.Event) -> None:
        await serve(self._app, self._port, stop)

    async def _healthz(self) -> Health:
        return Health()

    async def _readyz(self, response: Response) -> Readiness:
        return await answer_readiness(self._watch, response, is_insider=True)  # it listens on loopback

    async def _starting(self, request: Request) -> Response:
        return problem_response(request, unavailable(TransientFault("urbansense starts"), to_stranger=False))

    async def _metrics(self) -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
