"""The records of the registry, read and changed one by one, every change published to the log at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from device_registry.ports import RefusalCounts
from device_registry.publication.publisher import RegistryPublisher
from device_registry.publication.verification import Verification
from device_registry.records.changes import Changes
from device_registry.records.entries import DeviceEntry, StoredEntry
from device_registry.storage.audit import Note, Subject
from device_registry.storage.device_counts import DeviceCounts
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.devices import Area, Profile
from domain.errors import TransientFault
from domain.rejections import RejectionCount

_log = structlog.get_logger()


class RegistryService:
    """Devices with their details and history, areas and profiles. Safe to use from many tasks of one event loop.

    A change of a device or profile is published before the call ends, unless the log is away; then it is soon after.
    """

    def __init__(
        self,
        registry: Registry,
        publisher: RegistryPublisher,
        rejected: RefusalCounts,
        now_ms: Callable[[], Awaitable[int]],
    ) -> None:
        self._registry = registry
        self._publisher = publisher
        self._rejected = rejected
        self._now_ms = now_ms

    async def get_entry(self, device_id: str) -> StoredEntry | None:
        return await asyncio.to_thread(self._registry.get_entry, device_id)

    async def put_device(self, entry: DeviceEntry, *, author: str, expected_version: int | None = None) -> Changes:
        """Store the device, new or known; 0 expects that it does not exist.

        Raises: device_registry.problems.InvalidRecords; device_registry.problems.VersionConflict.
        """
        expected = {} if expected_version is None else {entry.device.device_id: expected_version}
        now_ms = await self._now_ms()
        changes = await asyncio.to_thread(
            self._registry.upsert_devices, [entry], now_ms=now_ms, author=author, expected_versions=expected
        )
        await self._publish()
        return changes

    async def remove_device(self, device_id: str, *, author: str, expected_version: int | None = None) -> bool:
        """Whether there was one. Raises: InvalidRecords where other devices refer to it; VersionConflict."""
        expected = {} if expected_version is None else {device_id: expected_version}
        now_ms = await self._now_ms()
        removed = await asyncio.to_thread(
            self._registry.remove_devices, [device_id], now_ms=now_ms, author=author, expected_versions=expected
        )
        await self._publish()
        return removed > 0

    async def history(self, kind: Subject, subject: str | None, before: int | None, limit: int) -> Sequence[Note]:
        """Who changed what, newest first; `before` is the number of the last note of the page before."""
        return await asyncio.to_thread(self._registry.history, subject, kind=kind, before=before, limit=limit)

    async def tally(self, area: str | None) -> DeviceCounts:
        """The devices of the area and below, counted; of the city without one."""
        return await asyncio.to_thread(self._registry.count_by, DeviceFilter(area=area))

    async def verify(self, *, repair: bool) -> Verification:
        """Whether the log's topic agrees with the tables; `repair` makes it agree."""
        return await self._publisher.verify(repair=repair)

    async def rejections(self, device_id: str, from_ms: int) -> RejectionCount:
        """What was refused of a device since then. What is older than some 20,000 later refusals is not counted."""
        return await self._rejected.count(device_id, from_ms)

    async def now_ms(self) -> int:
        """The clock that the data follow."""
        return await self._now_ms()

    async def areas(self, below: str | None, *, boundaries: bool) -> Sequence[Area]:
        """By path; with `below`, that area and everything under it."""
        return await asyncio.to_thread(self._registry.areas, below, boundaries=boundaries)

    async def put_areas(self, areas: Sequence[Area], *, author: str) -> Changes:
        """Raises: InvalidRecords."""
        now_ms = await self._now_ms()
        return await asyncio.to_thread(self._registry.upsert_areas, areas, now_ms=now_ms, author=author)

    async def remove_area(self, path: str, *, author: str) -> int:
        """How many are gone: it and all below. Raises: InvalidRecords while a device is in one of them."""
        now_ms = await self._now_ms()
        return await asyncio.to_thread(self._registry.remove_area, path, now_ms=now_ms, author=author)

    async def profiles(self) -> Mapping[str, Profile]:
        """By name."""
        return await asyncio.to_thread(self._registry.profiles)

    async def put_profile(self, profile: Profile, *, author: str) -> Changes:
        """Raises: InvalidRecords."""
        now_ms = await self._now_ms()
        changes = await asyncio.to_thread(self._registry.upsert_profiles, [profile], now_ms=now_ms, author=author)
        await self._publish()
        return changes

    async def remove_profile(self, name: str, *, author: str) -> bool:
        """Whether there was one. Raises: InvalidRecords while it is used."""
        now_ms = await self._now_ms()
        removed = await asyncio.to_thread(self._registry.remove_profile, name, now_ms=now_ms, author=author)
        await self._publish()
        return removed

    def component_names(self, code: str) -> Mapping[str, str]:
        """The component's name by language; empty where the city's table does not hold the code."""
        return self._registry.tables.component_names(code)

    async def _publish(self) -> None:
        """What is stored is stored: while the log is away, the change stays pending for the publisher's service."""
        try:
            await self._publisher.publish_pending()
        except TransientFault as fault:
            _log.warning("a change of the registry is not published yet", error=str(fault))
