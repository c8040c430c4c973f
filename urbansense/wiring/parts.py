"""What the services stand on, opened once: the log, the store, the registry and the lookup that follows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import time

from device_registry.lookup.following import FollowingLookup, LocalCopy
from device_registry.records.city_tables import load_city_tables
from device_registry.storage.registry import Registry
from domain.topics import Topics
from ingest.recorder.recording import patiently
from streams.opening.by_url import open_log
from streams.ports import Log
from timeseries.opening.by_url import open_store
from timeseries.ports import Store
from urbansense.configuration.place import data_dir
from urbansense.configuration.settings import Settings
from urbansense.running.services import unless_stopped


@dataclass(frozen=True, slots=True)
class Parts:
    """What every stage stands on: open connections, shared by every service of this process."""

    settings: Settings
    topics: Topics
    log: Log
    lookup: FollowingLookup


@dataclass(frozen=True, slots=True)
class PlatformParts(Parts):
    """What the whole platform stands on, and its API."""

    store: Store
    registry: Registry


@asynccontextmanager
async def open_parts(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Parts]:
    """The log with its topics, and a lookup that is not loaded yet; the log is closed at the end.

    A server that is down is waited for, with a warning in the log of this process. Raises: TransientFault when `stop` is
    set meanwhile; ConfigurationError where the log can never be opened, or the city's tables cannot be read.
    """
    load_city_tables(settings.city_tables)
    with data_dir(settings):
        log = await open_log(settings.log_url, settings.data_dir)
        try:
            await unless_stopped(log.ensure_topics(settings.topics.specs()), stop)
            yield Parts(settings, settings.topics, log, _lookup(settings))
        finally:
            await log.close()


@asynccontextmanager
async def open_store_part(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Store]:
    """The store, which answers; closed at the end. Waits and raises as `open_parts`."""
    token = settings.store_token.get_secret_value() if settings.store_token else None
    store = await open_store(settings.store_url, settings.data_dir, token)
    try:
        await patiently(store.check, stop, "the store")
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_registry_part(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Registry]:
    """The registry, its schema the newest; closed at the end. Waits and raises as `open_parts`."""
    tables = load_city_tables(settings.city_tables)
    registry = await patiently(
        lambda: asyncio.to_thread(Registry, settings.registry_url, settings.kinds, tables), stop, "the database"
    )
    try:
        yield registry
    finally:
        registry.close()


@asynccontextmanager
async def open_platform_parts(settings: Settings, stop: asyncio.Event) -> AsyncIterator[PlatformParts]:
    """The parts with store and registry, opened in this order. Waits and raises as `open_parts`."""
    async with (
        open_parts(settings, stop) as parts,
        open_store_part(settings, stop) as store,
        open_registry_part(settings, stop) as registry,
    ):
        yield PlatformParts(parts.settings, parts.topics, parts.log, parts.lookup, store, registry)


def _lookup(settings: Settings) -> FollowingLookup:
    """Beside a log of its own in the same folder, a copy of the registry would know nothing sooner."""
    if settings.log_url == "embedded:":
        return FollowingLookup(settings.topics)
    place = f"{settings.log_url} {settings.topics.registry}"
    path = settings.data_dir / f"{settings.topics.registry}.snapshot"
    return FollowingLookup(settings.topics, LocalCopy(path, place, lambda: int(time() * 1000)))
