"""What the services stand on, opened once: the log, the store, the registry and the lookup that follows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
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
from urbansense.configuration.place import make_data_dir
from urbansense.configuration.settings import Settings
from urbansense.running.services import unless_stopped


@dataclass(frozen=True, slots=True)
class Parts:
    """Open connections, shared by every service of this process. Asking for one that was not opened is a bug."""

    settings: Settings
    topics: Topics
    log: Log
    lookup: FollowingLookup
    opened_store: Store | None = field(default=None)
    opened_registry: Registry | None = field(default=None)

    @property
    def store(self) -> Store:
        assert self.opened_store is not None
        return self.opened_store

    @property
    def registry(self) -> Registry:
        assert self.opened_registry is not None
        return self.opened_registry


@asynccontextmanager
async def open_parts(
    settings: Settings, stop: asyncio.Event, *, store: bool = False, registry: bool = False
) -> AsyncIterator[Parts]:
    """The parts asked for, open; a server that is down is waited for with a clear line. All are closed at the end.

    Raises: TransientFault when `stop` is set while one is waited for; ConfigurationError where one can never be opened.
    """
    make_data_dir(settings)
    tables = load_city_tables(settings.city_tables)
    async with AsyncExitStack() as stack:
        log = await open_log(settings.log_url, settings.data_dir)
        stack.push_async_callback(log.close)
        await unless_stopped(log.ensure_topics(settings.topics.specs()), stop)
        opened_store = opened_registry = None
        if store:
            token = settings.store_token.get_secret_value() if settings.store_token else None
            opened_store = await open_store(settings.store_url, settings.data_dir, token)
            stack.push_async_callback(opened_store.close)
            await patiently(opened_store.check, stop, "the store")
        if registry:
            opened_registry = await patiently(
                lambda: asyncio.to_thread(Registry, settings.registry_url, settings.kinds, tables), stop, "the database"
            )
            stack.callback(opened_registry.close)
        yield Parts(settings, settings.topics, log, _lookup(settings), opened_store, opened_registry)


def _lookup(settings: Settings) -> FollowingLookup:
    """Beside a log of its own in the same folder, a copy of the registry would tell nothing sooner."""
    if settings.log_url == "embedded:":
        return FollowingLookup(settings.topics)
    place = f"{settings.log_url} {settings.topics.registry}"
    path = settings.data_dir / f"{settings.topics.registry}.snapshot"
    return FollowingLookup(settings.topics, LocalCopy(path, place, lambda: int(time() * 1000)))
