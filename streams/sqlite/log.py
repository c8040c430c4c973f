"""The log in one SQLite file, for one process: what `embedded:` in URBANSENSE_LOG_URL means."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from domain.errors import ConfigurationError
from domain.topics import Cleanup, TopicSpec
from streams.limits.topics import conflicts
from streams.ports import AssignmentListener, Committed, Outgoing, Start, TopicPartition
from streams.routing.subscription import Subscription
from streams.sqlite.consumer_group import ConsumerGroup
from streams.sqlite.contents import LogContents
from streams.sqlite.reader import SQLiteReader
from streams.sqlite.retention import compact, delete_beyond, delete_expired
from streams.sqlite.writer import SQLiteWriter

_PATIENCE_S = 60.0
"""How long a group member may go without reading during a rebalance."""


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class SQLiteLog:
    """See `streams.ports.Log`. Use it from one event loop.

    Raises: InUse where another process has the file open; TransientFault where the disk is full; ConfigurationError where
    the file is damaged or cannot be written.
    """

    def __init__(
        self, path: Path, now_ms: Callable[[], int] = wall_clock_ms, rebalance_patience_s: float = _PATIENCE_S
    ) -> None:
        self._contents = LogContents(path, now_ms, self._wake_readers)
        self._patience_s = rebalance_patience_s
        self._groups: dict[str, ConsumerGroup] = {}
        self._readers: set[SQLiteReader] = set()
        self._holders: dict[str, SQLiteWriter] = {}
        self._cleaned_to: dict[int, int] = {}
        self._most_bytes: dict[str, int] = {}
        self._creating = asyncio.Lock()

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        async with self._creating:
            problems = conflicts(specs, self._contents.counts)
            if problems:
                raise ConfigurationError(problems)
            self._most_bytes.update((spec.name, spec.retention_bytes) for spec in specs if spec.retention_bytes)
            missing = {spec.name: spec for spec in specs if spec.name not in self._contents.specs}
            if missing:
                await self._contents.create_topics(list(missing.values()))

    def append(self, records: Sequence[Outgoing]) -> Awaitable[None]:
        return self._contents.append(records)

    async def reader(
        self,
        topics: Sequence[str],
        *,
        group: str | None = None,
        start: str = Start.EARLIEST,
        partitions: Sequence[TopicPartition] | None = None,
        on_assigned: AssignmentListener | None = None,
        on_revoked: AssignmentListener | None = None,
    ) -> SQLiteReader:
        every = self._contents.partitions_of(topics)
        mine = None if partitions is None and group is not None else tuple(every if partitions is None else partitions)
        subscription = Subscription(tuple(topics), group, start, mine, on_assigned, on_revoked)
        if subscription.shared and group is not None and group not in self._groups:
            self._groups[group] = ConsumerGroup(self._contents.counts, time.monotonic, self._patience_s)
        reader = SQLiteReader(
            self._contents, subscription, self._groups[group] if mine is None and group else None, self._readers.discard
        )
        self._readers.add(reader)
        return reader

    async def writer(self, transactional_id: str) -> SQLiteWriter:
        writer = self._holders[transactional_id] = SQLiteWriter(self._contents, transactional_id, self._holds)
        await self.append(())  # what an earlier holder has under way is settled before the new one looks
        return writer

    async def committed(self, group: str, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        return self._contents.places(group, partitions)

    async def bounds(self, topics: Sequence[str]) -> Mapping[TopicPartition, tuple[int, int]]:
        return {
            tp: (self._contents.start_offset(tp, Start.EARLIEST), self._contents.start_offset(tp, Start.LATEST))
            for tp in self._contents.partitions_of(topics)
        }

    async def clean(self, now_ms: int) -> int:
        """How many records were dropped: past their topic's retention, beyond the bytes that the topic
        may take by the last `ensure_topics`, or overtaken by a later one of the same key.

        Time: `now_ms` stands against the instants of appending. Call it every few minutes; appends go on meanwhile.
        """
        dropped = 0
        for spec in list(self._contents.specs.values()):
            for id_ in self._contents.routes[spec.name].ids:
                if spec.cleanup is Cleanup.DELETE and spec.retention_ms is not None:
                    before_ms = now_ms - spec.retention_ms
                    while deleted := await self._contents.act(partial(delete_expired, id_, before_ms)):
                        dropped += deleted
                if self._cleaned_to.get(id_) == self._contents.ends[id_]:
                    continue
                self._cleaned_to[id_] = self._contents.ends[id_]
                if spec.cleanup is Cleanup.COMPACT:
                    dropped += await self._contents.act(partial(compact, id_, now_ms))
                elif spec.name in self._most_bytes:
                    each = self._most_bytes[spec.name] // spec.partitions
                    dropped += await self._contents.act(partial(delete_beyond, id_, each))
        return dropped

    def check(self) -> None:
        """Raises: TransientFault while what is appended cannot be written. Reading may go on."""
        self._contents.check()

    async def close(self) -> None:
        await self._contents.close()

    def _holds(self, writer: SQLiteWriter) -> bool:
        return self._holders.get(writer.transactional_id) is writer

    def _wake_readers(self, topics: set[str]) -> None:
        for reader in self._readers:
            if not topics.isdisjoint(reader.topics):
                reader.wake()
