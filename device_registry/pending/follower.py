"""Follows `telemetry.rejected` for devices that nobody knows, in the process that owns the registry."""

import asyncio
from collections.abc import Sequence

import orjson
import structlog

from device_registry.pending.sightings import Sighting, sighting_of
from device_registry.pending.store import PendingStore
from device_registry.publication.outage import logged_outage
from domain.errors import Fenced, TransientFault
from domain.retry import Outage
from domain.topics import Topics
from streams.ports import Committed, Log, LogReader, Record

_LINGER_S = 0.5

_log = structlog.get_logger()


class PendingFollower:
    """Notes every sighting once it stands on the topic; what a crash left uncommitted is counted a second time.

    `turned_away` counts sightings that found no room since the start.
    """

    def __init__(self, log: Log, topics: Topics, store: PendingStore) -> None:
        self.turned_away = 0
        self._log = log
        self._topics = topics
        self._store = store

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop` is set; a log or database that is away is waited for."""
        reader = await self._log.reader([self._topics.rejected], group=f"{self._topics.prefix}pending-devices")
        outage = logged_outage("noting unknown devices")
        try:
            while not stop.is_set():
                await self._follow(reader, stop, outage)
        finally:
            await reader.close()

    async def _follow(self, reader: LogReader, stop: asyncio.Event, outage: Outage) -> None:
        batch = await reader.read(_LINGER_S)
        sightings = [one for records in batch.values() for one in self._sightings(records)]
        sightings.sort(key=lambda one: one.at_ms)
        if sightings and not await self._noted(sightings, stop, outage):
            return
        if batch:
            try:
                await reader.commit({tp: Committed(records[-1].offset + 1) for tp, records in batch.items()})
            except Fenced:
                _log.info("rejections moved to another follower; it goes on from the last committed place")

    async def _noted(self, sightings: Sequence[Sighting], stop: asyncio.Event, outage: Outage) -> bool:
        """True once they are in the list; False where `stop` was set while the database was away."""
        while True:
            try:
                noted = await asyncio.to_thread(self._store.note, sightings)
                break
            except TransientFault as fault:
                await outage.wait(fault, stop)
                if stop.is_set():
                    return False
        outage.end()
        if noted.turned_away and not self.turned_away:
            _log.warning("unknown devices are turned away: the pending list has no room", reports=noted.turned_away)
        self.turned_away += noted.turned_away
        return True

    def _sightings(self, records: Sequence[Record]) -> list[Sighting]:
        found = []
        for record in records:
            try:
                sighting = sighting_of(orjson.loads(record.value or b"{}"), self._store.limits.sample_characters)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # not a rejection: it is reported by the readers of rejections
            if sighting is not None:
                found.append(sighting)
        return found
