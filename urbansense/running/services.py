"""One way to run services and one way to stop them."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol, TypeVar

import structlog
from prometheus_client import REGISTRY

from domain.errors import TransientFault, leaves
from urbansense.running.memory import settled_memory
from urbansense.running.metrics import ServiceMetrics

_T = TypeVar("_T")
_log = structlog.get_logger()


class Service(Protocol):
    """A loop that works until `stop` is set, then commits what it holds, lets go and returns."""

    async def run(self, stop: asyncio.Event) -> None: ...


async def run_services(services: Mapping[str, Service], stop: asyncio.Event) -> None:
    """Run all until `stop`, their counts in `/metrics`. One that fails ends the others; its error is raised then."""
    metrics = ServiceMetrics(services)
    REGISTRY.register(metrics)
    try:
        with settled_memory():
            async with asyncio.TaskGroup() as tasks:
                for name, service in services.items():
                    tasks.create_task(_guarded(name, service, stop), name=name)
    finally:
        REGISTRY.unregister(metrics)


async def _guarded(name: str, service: Service, stop: asyncio.Event) -> None:
    try:
        await service.run(stop)
    except Exception as error:
        words = [f"{type(leaf).__name__}: {leaf}" for leaf in leaves(error)]
        _log.error("a service failed; the process stops", service=name, error="; ".join(words))
        raise
    if not stop.is_set():
        _log.error("a service ended on its own; the process stops", service=name)
        stop.set()


async def unless_stopped(work: Coroutine[Any, Any, _T], stop: asyncio.Event) -> _T:
    """What `work` returns; it is given up when `stop` is set first. Raises: TransientFault then."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise TransientFault("told to stop while a server was waited for")
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on SIGINT and SIGTERM; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def handle(received: signal.Signals) -> None:
        if stop.is_set():
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(128 + received)  # whatever cleans up on the way out may wait for the very server that is away
        _log.info("stopping", signal=received.name)
        stop.set()

    for received in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(received, handle, received)
