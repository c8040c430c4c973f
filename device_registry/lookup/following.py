"""The registry as a running stage sees it: a table in memory that follows `registry.devices`.

                     ┌── the file of the last run, if there is one ──┐
start ──▶ load ──────┤                                               ├──▶ run: follow the log, save the file
                     └── the log, from its beginning or from there ──┘
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from device_registry.lookup.device_table import DeviceTable
from device_registry.lookup.snapshot import LONGEST_AGE_MS, read_snapshot, write_snapshot
from device_registry.publication.outage import logged_outage
from domain.errors import TransientFault
from domain.retry import Outage
from domain.topics import Topics
from streams.ports import Log, Start, TopicPartition
from streams.reading.tables import read_between

_READ_TIMEOUT_S: Final = 0.25

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """Where a lookup keeps what it knows between two runs.

    `place` names the log, so that no file is taken for another log's. A start waits at most `patience_s` for the log to
    give what is newer than the file. `now_ms` is the wall clock; the file is saved when something changed, at most every
    `save_every_s` and at the end.
    """

    path: Path
    place: str
    now_ms: Callable[[], int]
    patience_s: float = 5.0
    save_every_s: float = 600.0


class FollowingLookup(DeviceTable):
    """A domain.devices.IdentityLookup: `load` once, then `run` beside the stage that asks it, in the same event loop.

    Time: `run` shows a change as soon as the log does. It never waits for the registry itself. With a local copy, a
    start on a slow log knows what the last run knew, and the rest once `run` has read it.
    """

    def __init__(self, topics: Topics, copy: LocalCopy | None = None) -> None:
        super().__init__()
        self._topic = topics.registry
        self._copy = copy
        self._next_offsets: dict[TopicPartition, int] = {}
        self._log: Log | None = None
        self._caught_up = False
        self._saved_version = 0

    async def load(self, log: Log) -> None:
        """Know everything that stood on the topic when the call began.

        With a local copy that can be used, at the latest after its `patience_s`, and then perhaps only what that holds.
        """
        self._log = log
        if self._copy is None or not await self._take_copy(self._copy):
            await self._catch_up(log)
            return
        try:
            await asyncio.wait_for(self._catch_up(log), self._copy.patience_s)
        except (TimeoutError, TransientFault) as slow:
            _log.warning("the log is slow: starting from the local copy", path=str(self._copy.path), reason=repr(slow))

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the topic from where `load` ended until `stop` is set; waits out a log that is away."""
        if self._log is None:
            raise RuntimeError("call load before run")
        outage = logged_outage(f"following {self._topic}")
        saving = asyncio.create_task(self._save_now_and_then())
        try:
            while not stop.is_set():
                try:
                    await self._follow(self._log, stop, outage)
                except TransientFault as fault:
                    await outage.wait(fault, stop)
        finally:
            saving.cancel()
            await asyncio.gather(saving, return_exceptions=True)
            await self._save_if_changed()

    async def _follow(self, log: Log, stop: asyncio.Event, outage: Outage) -> None:
        if not self._caught_up:
            await self._catch_up(log)
        partitions = sorted(await log.bounds([self._topic]))
        reader = await log.reader([self._topic], partitions=partitions, start=Start.EARLIEST)
        try:
            reader.seek(self._next_offsets)
            while not stop.is_set():
                batch = await reader.read(_READ_TIMEOUT_S)
                outage.end()
                for partition, records in batch.items():
                    self.apply(records)
                    self._next_offsets[partition] = records[-1].offset + 1
        finally:
            await reader.close()

    async def _catch_up(self, log: Log) -> None:
        """Know what stands on the topic now: from where the copy ends, or anew where nothing can be read on from there."""
        bounds = await log.bounds([self._topic])
        known = self._next_offsets
        reads_on = known.keys() == bounds.keys() and all(known[tp] <= end for tp, (_, end) in bounds.items())
        spans = {tp: (max(first, known[tp]) if reads_on else first, end) for tp, (first, end) in bounds.items()}
        anew = len(self) > 0 and not reads_on
        seen: set[bytes] = set()
        async for record in read_between(log, spans):
            self.apply((record,))
            if anew and record.key is not None:
                (seen.discard if record.value is None else seen.add)(record.key)
        if anew:
            self.retain(seen)
        self._next_offsets = {partition: end for partition, (_, end) in bounds.items()}
        self._caught_up = True

    async def _take_copy(self, copy: LocalCopy) -> bool:
        """Whether there was a copy to start from. Of one that is too old, the log is read anew all the same."""
        snapshot = await asyncio.to_thread(read_snapshot, copy.path, copy.place)
        if snapshot is None:
            return False
        try:
            self.take(snapshot.profiles, snapshot.devices)
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("the local copy of the registry cannot be read", path=str(copy.path), error=repr(error))
            self.retain(frozenset())
            return False
        if 0 <= copy.now_ms() - snapshot.saved_at_ms < LONGEST_AGE_MS:
            self._next_offsets = {TopicPartition(self._topic, p): offset for p, offset in snapshot.offsets.items()}
        return True

    async def _save_now_and_then(self) -> None:
        while self._copy is not None:
            await asyncio.sleep(self._copy.save_every_s)
            await self._save_if_changed()

    async def _save_if_changed(self) -> None:
        """One line in the log where the copy cannot be written: the next start will take longer, no more."""
        copy = self._copy
        if copy is None or not self._caught_up or self.version == self._saved_version:
            return
        version, offsets = self.version, {tp.partition: offset for tp, offset in self._next_offsets.items()}
        profiles, devices = tuple(self.profiles()), tuple(self.devices())
        try:
            await asyncio.to_thread(write_snapshot, copy.path, copy.place, copy.now_ms(), offsets, profiles, devices)
            self._saved_version = version
        except OSError as error:
            _log.warning("the local copy of the registry cannot be written", path=str(copy.path), error=str(error))
