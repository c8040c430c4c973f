"""The registry as the web sees it: `web.ports.DeviceDirectory` over the tables, published to the log at once."""

import asyncio
import time

from device_registry.csv_files import import_csv
from device_registry.lookup import FollowingLookup
from device_registry.publication import publish_pending
from device_registry.registry import Registry
from device_registry.stored_devices import DeviceFilter
from domain.devices import Device
from domain.topics import Topics
from streams.ports import Log
from web.ports import DevicePage, DeviceQuery, ImportReport, RowError


class RegistryDirectory:
    """Reads the tables, so that what was imported is there at once; `revision` follows the topic."""

    def __init__(self, registry: Registry, log: Log, topics: Topics, lookup: FollowingLookup) -> None:
        self._registry = registry
        self._log = log
        self._topics = topics
        self._lookup = lookup

    async def list_devices(self, query: DeviceQuery) -> DevicePage:
        wanted = DeviceFilter(
            kind=query.kind, area=query.area, department=query.department, state=query.state, text=query.text
        )
        page = await asyncio.to_thread(
            self._registry.list_devices, wanted, after=query.cursor or None, limit=query.limit
        )
        total = await asyncio.to_thread(self._registry.count_devices, wanted)
        return DevicePage(page.items, page.next, total)

    async def get_device(self, device_id: str) -> Device | None:
        return await asyncio.to_thread(self._registry.get_device, device_id)

    async def import_csv(self, text: str, *, skip_bad: bool) -> ImportReport:
        now_ms = int(time.time() * 1000)
        report = await asyncio.to_thread(import_csv, self._registry, text.encode(), now_ms=now_ms, skip_bad=skip_bad)
        await publish_pending(self._registry, self._log, self._topics)
        created, updated, unchanged = (len(devices) for devices in report.changes)
        errors = tuple(
            RowError(error.line, f"{error.what}; {error.remedy}", error.column or None) for error in report.errors
        )
        return ImportReport(created, updated, unchanged, errors)

    def revision(self) -> int:
        return self._lookup.version
