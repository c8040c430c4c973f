"""Devices files, imported into the tables and published to the log, and exported from them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import BinaryIO, Final

import structlog

from device_registry.bulk.exporting import export_file
from device_registry.bulk.formats.contract import Format
from device_registry.bulk.importing import Import, Options, Progress, import_file
from device_registry.publication.publisher import RegistryPublisher
from device_registry.service.import_report import ImportReport, RowError
from device_registry.service.places import ImportPlaces
from device_registry.storage.audit import UNNAMED
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.errors import TransientFault

_log = structlog.get_logger()
_MOST_ERRORS: Final = 1000


def _unwatched(stage: str, done: int, of: int) -> None:
    """Nobody asks how far it is."""


class DeviceFileService:
    """One registry, and the publisher of what changed. Safe to use from many tasks of one event loop.

    `places` bounds how many files are on their way in; `bounds_met` counts files by the bound that ended their reading.
    """

    def __init__(self, registry: Registry, publisher: RegistryPublisher, now_ms: Callable[[], Awaitable[int]]) -> None:
        self._registry = registry
        self._publisher = publisher
        self._now_ms = now_ms
        self.places = ImportPlaces()
        self.bounds_met: Counter[str] = Counter()

    async def import_file(self, file: BinaryIO, options: Options, *, author: str, progress: Progress) -> Import:
        """As `device_registry.bulk.importing.import_file`, and published unless the log is away; then it is soon after.

        `progress` is called in another thread; what it raises undoes the import. The caller closes the result.
        """
        now_ms = await self._now_ms()
        done = await asyncio.to_thread(
            import_file, self._registry, file, options, now_ms=now_ms, author=author, progress=progress
        )
        if done.bound is not None:
            self.bounds_met[done.bound] += 1
            why = " ".join(error.what for error in done.unreadable)
            _log.warning("a devices file met a bound", bound=done.bound, why=why, author=author)
        if done.applied:
            changed = done.created + done.updated
            progress("publishing", 0, changed)
            try:
                await self._publisher.publish_pending()
            except TransientFault as fault:
                _log.warning("an import is not published yet", devices=changed, error=str(fault))
        return done

    async def import_csv(self, file: BinaryIO, *, skip_bad: bool) -> ImportReport:
        """As `import_file`, and only what came of it. The errors are the first thousand and how many are left."""
        options = Options(skip_bad=skip_bad)
        with await self.import_file(file, options, author=UNNAMED, progress=_unwatched) as done:
            found = done.errors()
            errors = [
                RowError(error.line, f"{error.what}; {error.remedy}", error.column or None)
                for error in islice(found, _MOST_ERRORS)
            ]
            if hidden := sum(1 for _ in found):
                errors.append(RowError(errors[-1].line, f"{hidden} more errors; correct these first"))
            return ImportReport(done.created, done.updated, done.unchanged, tuple(errors))

    async def export_file(self, file: BinaryIO, to: Format, wanted: DeviceFilter) -> int:
        """How many devices were written."""
        return await asyncio.to_thread(export_file, self._registry, file, to, wanted)
