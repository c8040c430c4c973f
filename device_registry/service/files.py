"""Devices files, imported into the tables and published to the log, and exported from them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import BinaryIO

import structlog

from device_registry.bulk.exporting import export_file
from device_registry.bulk.formats.contract import Format
from device_registry.bulk.importing import Import, Options, Progress, import_file
from device_registry.publication.publisher import RegistryPublisher
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.errors import TransientFault

_log = structlog.get_logger()


class DeviceFileService:
    """One registry, and the publisher of what changed. Safe to use from many tasks of one event loop."""

    def __init__(self, registry: Registry, publisher: RegistryPublisher, now_ms: Callable[[], Awaitable[int]]) -> None:
        self._registry = registry
        self._publisher = publisher
        self._now_ms = now_ms

    async def import_file(self, file: BinaryIO, options: Options, *, author: str, progress: Progress) -> Import:
        """As `device_registry.bulk.importing.import_file`, and published unless the log is away; then it is soon after.

        `progress` is called in another thread; what it raises undoes the import. The caller closes the result.
        """
        now_ms = await self._now_ms()
        done = await asyncio.to_thread(
            import_file, self._registry, file, options, now_ms=now_ms, author=author, progress=progress
        )
        if done.applied:
            changed = done.created + done.updated
            progress("publishing", 0, changed)
            try:
                await self._publisher.publish_pending()
            except TransientFault as fault:
                _log.warning("an import is not published yet", devices=changed, error=str(fault))
        return done

    async def export_file(self, file: BinaryIO, to: Format, wanted: DeviceFilter) -> int:
        """How many devices were written."""
        return await asyncio.to_thread(export_file, self._registry, file, to, wanted)
