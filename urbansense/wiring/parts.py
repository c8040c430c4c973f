"""What the services stand on, opened once: the log, the store, the registry and the lookup that follows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic, time
from typing import Final

import structlog

from device_registry.lookup.following import FollowingLookup, LocalCopy
from device_registry.records.city_tables import load_city_tables
from device_registry.storage.registry import Registry
from domain.errors import InUse, TransientFault
from domain.retry import backoff_s, pause
from domain.topics import Topics
from streams.opening.by_url import open_log
from streams.ports import Log
from timeseries.opening.by_url import open_store
from timeseries.ports import Store
from urbansense.configuration.place import data_dir
from urbansense.configuration.settings import Settings
from urbansense.running.disk import DiskSpace
from urbansense.running.services import unless_stopped
from urbansense.running.startup import Startup

_log = structlog.get_logger()
_HELD_S: Final = 60.0
"""How long another process may hold the embedded log before this one gives up."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every stage stands on: open connections, shared by every service of this process."""

    settings: Settings
    topics: Topics
    log: Log
    lookup: FollowingLookup
    disk: DiskSpace


@dataclass(frozen=True, slots=True)
class PlatformParts(Parts):
    """What the whole platform stands on, and its API."""

    store: Store
    registry: Registry


@asynccontextmanager
async def open_parts(settings: Settings, stop: asyncio.Event, startup: Startup | None = None) -> AsyncIterator[Parts]:
    """The log with its topics, and a lookup that is not loaded yet; the log is closed at the end.

    A Kafka broker that is down is waited for. So are, where there is a `startup` to say so, a disk with no room for the
    embedded log and, for a while, another process that holds it. Raises: TransientFault when `stop` is set meanwhile, or
    without a `startup` at once; ConfigurationError where the log can never be opened, or the city's tables cannot be read.
    """
    load_city_tables(settings.city_tables)
    with data_dir(settings):
        log = await _open_log(settings, stop, startup)
        try:
            if startup is not None:
                startup.wait_for(f"the log {settings.log_url} does not answer; waiting for it")
            await unless_stopped(log.ensure_topics(settings.topics.specs()), stop)
            disk = DiskSpace(settings.data_dir, settings.disk_reserve_mb)
            yield Parts(settings, settings.topics, log, _lookup(settings), disk)
        finally:
            await log.close()


async def _open_log(settings: Settings, stop: asyncio.Event, startup: Startup | None) -> Log:
    """The log as `open_parts` waits for it, one line in this process's log for each thing waited for."""
    began, waits, said = monotonic(), backoff_s(ceiling_s=2.0), ""
    while True:
        try:
            return await open_log(settings.log_url, settings.data_dir)
        except (InUse, TransientFault) as fault:
            too_long = isinstance(fault, InUse) and monotonic() - began > _HELD_S
            if startup is None or too_long or stop.is_set():
                raise
            startup.wait_for(f"{fault}; waiting for it")
            if type(fault).__name__ != said:
                said = type(fault).__name__
                _log.warning("the log cannot be opened yet; waiting for it", reason=str(fault))
        await pause(stop, next(waits))


@asynccontextmanager
async def open_store_part(settings: Settings) -> AsyncIterator[Store]:
    """The store, which need not answer yet; closed at the end. Raises: ConfigurationError where it never can."""
    token = settings.store_token.get_secret_value() if settings.store_token else None
    store = await open_store(settings.store_url, settings.data_dir, token)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_registry_part(settings: Settings) -> AsyncIterator[Registry]:
    """The registry, whose database need not answer yet; closed at the end. Raises: ConfigurationError."""
    tables = load_city_tables(settings.city_tables)
    registry = await asyncio.to_thread(Registry, settings.registry_url, settings.kinds, tables)
    try:
        yield registry
    finally:
        registry.close()


@asynccontextmanager
async def open_platform_parts(
    settings: Settings, stop: asyncio.Event, startup: Startup | None = None
) -> AsyncIterator[PlatformParts]:
    """The parts with store and registry. Of these only the log is waited for. Waits and raises as `open_parts`."""
    async with (
        open_parts(settings, stop, startup) as parts,
        open_store_part(settings) as store,
        open_registry_part(settings) as registry,
    ):
        yield PlatformParts(parts.settings, parts.topics, parts.log, parts.lookup, parts.disk, store, registry)


def _lookup(settings: Settings) -> FollowingLookup:
    """Beside a log of its own in the same folder, a copy of the registry would know nothing sooner."""
    if settings.log_url == "embedded:":
        return FollowingLookup(settings.topics)
    place = f"{settings.log_url} {settings.topics.registry}"
    path = settings.data_dir / f"{settings.topics.registry}.snapshot"
    return FollowingLookup(settings.topics, LocalCopy(path, place, lambda: int(time() * 1000)))
