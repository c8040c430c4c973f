"""One way to run services and one way to stop them."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final, Protocol, TypeVar

import structlog
from prometheus_client import REGISTRY

from domain.errors import Fenced, TransientFault, leaves
from domain.retry import backoff_s, pause
from urbansense.running.memory import settled_memory
from urbansense.running.metrics import ServiceMetrics
from urbansense.running.states import ServiceStates, words_of

_T = TypeVar("_T")
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0
_STEADY_S: Final = 10.0
"""How long a service must run after it failed until it counts as well."""
_log = structlog.get_logger()


class Service(Protocol):
    """A loop that works until `stop` is set, then commits what it holds, lets go and returns.

    One that failed may be run again: it resumes from what is committed.
    """

    async def run(self, stop: asyncio.Event) -> None: ...


async def run_services(services: Mapping[str, Service], stop: asyncio.Event) -> None:
    """Run all until `stop`, their counts in `/metrics`. One that fails ends the others; its error is raised then."""
    with _counted(services):
        async with asyncio.TaskGroup() as tasks:
            for name, service in services.items():
                tasks.create_task(_guarded(name, service, stop), name=name)


async def keep_running(services: Mapping[str, Service], stop: asyncio.Event, states: ServiceStates) -> None:
    """Run all until `stop`, their counts in `/metrics`. One that fails is run again, later each time; the others go on.

    One that is fenced, since another process has its place, is not run again: two would take it from each other for ever.
    """
    with _counted({**services, "states": states}):
        async with asyncio.TaskGroup() as tasks:
            for name, service in services.items():
                tasks.create_task(_kept_running(name, service, stop, states), name=name)


@contextmanager
def _counted(services: Mapping[str, object]) -> Iterator[None]:
    metrics = ServiceMetrics(services)
    REGISTRY.register(metrics)
    try:
        with settled_memory():
            yield
    finally:
        REGISTRY.unregister(metrics)


async def _kept_running(name: str, service: Service, stop: asyncio.Event, states: ServiceStates) -> None:
    waits = backoff_s(_FIRST_WAIT_S, _LONGEST_WAIT_S)
    while not stop.is_set():
        states.start(name)
        steady = asyncio.get_running_loop().call_later(_STEADY_S, states.recover, name)
        began = monotonic()
        try:
            await service.run(stop)
            if stop.is_set():
                return
            raise RuntimeError("it ended on its own")
        except Exception as error:
            if any(isinstance(leaf, Fenced) for leaf in leaves(error)):
                states.fence(name, error)
                return
            states.fail(name, error)
        finally:
            steady.cancel()
        if monotonic() - began > _STEADY_S:
            waits = backoff_s(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        await pause(stop, next(waits))


async def _guarded(name: str, service: Service, stop: asyncio.Event) -> None:
    try:
        await service.run(stop)
    except Exception as error:
        _log.error("a service failed; the process stops", service=name, error=words_of(error))
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
