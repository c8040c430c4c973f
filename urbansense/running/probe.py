"""What a service that runs alone answers on its port: `/healthz` while it runs, `/metrics`."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.responses import Response

from web.http.page_headers import HardenedApp
from web.serving.server import serve


class ProbeServer:
    """Serves on 127.0.0.1 as long as the service beside it runs, so a process that hangs or ends is seen."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._app = HardenedApp(title="urbansense service", docs_url=None, redoc_url=None, openapi_url=None)
        self._app.state.closing = asyncio.Event()
        self._app.get("/healthz")(self._healthz)
        self._app.get("/metrics")(self._metrics)

    async def run(self, stop: asyncio.Event) -> None:
        await serve(self._app, self._port, stop)

    async def _healthz(self) -> dict[str, str]:
        return {"status": "ok"}

    async def _metrics(self) -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
