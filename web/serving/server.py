"""Serves the web application inside a running event loop, on the loopback address unless another is given."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from web.serving.connections import ConnectionBounds, Connections, WatchedConnection

_log = structlog.get_logger()

HOST: Final = "127.0.0.1"
PORTS_TRIED: Final = 20
SHUTDOWN_GRACE_S: Final = 3


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process that runs it decides when to stop."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: FastAPI,
    port: int,
    stop: asyncio.Event,
    on_listening: Callable[[int], None] | None = None,
    host: str = HOST,
    connections: Connections | None = None,
) -> None:
    """Serve `app` on `host` until `stop`, then let requests end for a few seconds and close.

    Where `port` is taken the next free one above it is used, with a warning in the log. `on_listening` receives the port
    in use once requests are answered. `port` 0 takes any free port. Of the peers that `connections` trusts as proxies the
    forwarded address and scheme are believed, of others never. Raises: OSError where none of the ports is free.
    """
    listener = bind(port, host)
    used = int(listener.getsockname()[1])
    if port not in (0, used):
        _log.warning("web.port_taken", port=port, used=used)
    watch = connections if connections is not None else Connections(ConnectionBounds())
    config = uvicorn.Config(
        app,
        http=type("Connection", (WatchedConnection,), {"connections_watch": watch}),
        ws_max_size=watch.bounds.socket_message_bytes,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=bool(watch.trusted_proxies),
        forwarded_allow_ips=list(watch.trusted_proxies),
        timeout_keep_alive=watch.bounds.keep_alive_s,
        timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
    )
    server = _Server(config, lambda: on_listening(used) if on_listening is not None else None)
    serving = asyncio.create_task(server.serve([listener]), name="web")
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        _announce_closing(app)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
        listener.close()


def _announce_closing(app: FastAPI) -> None:
    """Let open streams of our own app end, so that they do not use up the grace of other requests."""
    closing = getattr(app.state, "closing", None)
    if isinstance(closing, asyncio.Event):
        closing.set()


def bind(port: int, host: str = HOST) -> socket.socket:
    """A listening socket on `host` at `port`, or the next free one above it.

    Raises: OSError where none of the twenty tried is free.
    """
    for candidate in range(port, port + PORTS_TRIED):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(1024)
        except OSError:
            listener.close()
            continue
        listener.setblocking(False)
        return listener
    raise OSError(f"no free port on {host} from {port} to {port + PORTS_TRIED - 1}")
