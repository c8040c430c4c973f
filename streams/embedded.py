"""The log in one SQLite file, for one process: what `embedded:` in URBANSENSE_LOG_URL means.

append, commit ──▶ GroupCommitter (a thread, the one writer) ──▶ file
read ──────────▶ a second connection on the event loop: about a microsecond a record, no hand-over between threads
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from domain.topics import Cleanup, Headers, TopicSpec
from streams import embedded_file as file
from streams.embedded_cleaning import compact, delete_expired
from streams.embedded_commits import Action, GroupCommitter, NewRow, Work
from streams.embedded_group import Group
from streams.embedded_reader import EmbeddedReader
from streams.embedded_writer import EmbeddedWriter
from streams.limits import MAX_RECORD_BYTES, too_large
from streams.ports import AssignmentListener, Committed, Outgoing, Start, TopicPartition
from streams.routing import Route
from streams.subscription import Subscription
from streams.topic_problems import conflicts, no_topic

_PATIENCE_S = 60.0
"""How long a group member may go without reading during a rebalance."""


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class _Route(Route):
    """Where the records of one topic go, by partition id."""

    __slots__ = ("ids",)

    def __init__(self, ids: tuple[int, ...]) -> None:
        super().__init__(len(ids))
        self.ids = ids


class _PackedHeaders(dict[Headers, bytes]):
    """Headers to packed bytes; most records of a topic carry the same ones."""

    def __missing__(self, headers: Headers) -> bytes:
        if len(self) > 4096:
            self.clear()
        packed = self[headers] = file.pack_headers(headers)
        return packed


class EmbeddedLog:
    """See `streams.ports.Log`. Use it from one event loop.

    Raises: ConfigurationError where another process has the file open.
    """

    def __init__(
        self, path: Path, now_ms: Callable[[], int] = wall_clock_ms, rebalance_patience_s: float = _PATIENCE_S
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = file.lock(path)
        self._commits = GroupCommitter(path, now_ms, self._on_ends)
        self._ends = self._commits.next_offsets
        self._reading = file.connect(path, read_only=True)
        self._patience_s = rebalance_patience_s
        self._packed = _PackedHeaders()
        self._counts: dict[str, int] = {}
        self._groups: dict[str, Group] = {}
        self._readers: set[EmbeddedReader] = set()
        self._holders: dict[str, EmbeddedWriter] = {}
        self._compacted: dict[int, int] = {}
        self._creating = asyncio.Lock()
        self._closed = False
        self._load_topics()

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        async with self._creating:
            problems = conflicts(specs, self._counts)
            if problems:
                raise ConfigurationError(problems)
            missing = {spec.name: spec for spec in specs if spec.name not in self._specs}
            if missing:
                await self._act(partial(file.create_topics, list(missing.values())))
                self._load_topics()

    def append(self, records: Sequence[Outgoing]) -> Awaitable[None]:
        future: asyncio.Future[None] = self._new_future()
        self._commits.submit(Work(future, self._rows_of(records)))
        return future

    async def reader(
        self,
        topics: Sequence[str],
        *,
        group: str | None = None,
        start: str = Start.EARLIEST,
        partitions: Sequence[TopicPartition] | None = None,
        on_assigned: AssignmentListener | None = None,
        on_revoked: AssignmentListener | None = None,
    ) -> EmbeddedReader:
        every = self._partitions_of(topics)
        mine = None if partitions is None and group is not None else tuple(every if partitions is None else partitions)
        subscription = Subscription(tuple(topics), group, start, mine, on_assigned, on_revoked)
        if subscription.shared and group is not None and group not in self._groups:
            self._groups[group] = Group(self._counts, time.monotonic, self._patience_s)
        reader = EmbeddedReader(self, subscription, self._groups[group] if mine is None and group else None)
        self._readers.add(reader)
        return reader

    async def writer(self, transactional_id: str) -> EmbeddedWriter:
        writer = self._holders[transactional_id] = EmbeddedWriter(self, transactional_id)
        await self.append(())  # what an earlier holder has under way is settled before the new one looks
        return writer

    async def committed(self, group: str, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        return self.places(group, partitions)

    async def bounds(self, topics: Sequence[str]) -> Mapping[TopicPartition, tuple[int, int]]:
        return {
            tp: (self.start_offset(tp, Start.EARLIEST), self.start_offset(tp, Start.LATEST))
            for tp in self._partitions_of(topics)
        }

    async def clean(self, now_ms: int) -> int:
        """How many records were dropped: past their topic's retention, or overtaken by a later one of the same key.

        Time: `now_ms` stands against the instants of appending. Call it every few minutes; appends go on meanwhile.
        """
        dropped = 0
        for spec in list(self._specs.values()):
            for id_ in self._routes[spec.name].ids:
                if spec.cleanup is Cleanup.DELETE and spec.retention_ms is not None:
                    before_ms = now_ms - spec.retention_ms
                    while deleted := await self._act(partial(delete_expired, id_, before_ms)):
                        dropped += deleted
                elif spec.cleanup is Cleanup.COMPACT and self._compacted.get(id_) != self._ends[id_]:
                    self._compacted[id_] = self._ends[id_]
                    dropped += await self._act(partial(compact, id_, now_ms))
        return dropped

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._commits.close()
        self._reading.close()
        self._lock.close()

    # What readers and writers of this log ask of it

    def end(self, partition: TopicPartition) -> int:
        return self._ends[self._id_of(partition)]

    def start_offset(self, partition: TopicPartition, start: str) -> int:
        id_ = self._id_of(partition)
        first = file.fetch_first_offset(self._reading, id_) if start == Start.EARLIEST else None
        return self._ends[id_] if first is None else min(first, self._ends[id_])

    def rows(self, partition: TopicPartition, offset: int, limit: int) -> list[file.StoredRow]:
        return file.fetch_records(self._reading, self._id_of(partition), offset, limit)

    def places(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Committed]:
        found = ((tp, file.fetch_place(self._reading, group, self._id_of(tp))) for tp in partitions)
        return {tp: Committed(*place) for tp, place in found if place is not None}

    async def move_places(
        self, group: str, positions: Mapping[TopicPartition, Committed], records: Sequence[Outgoing] = ()
    ) -> None:
        """Append the records and move the group's places, all or nothing."""
        places = [file.Place(group, self._id_of(tp), place.offset, place.metadata) for tp, place in positions.items()]
        future = self._new_future()
        self._commits.submit(Work(future, self._rows_of(records), places))
        await future

    def holds(self, writer: EmbeddedWriter) -> bool:
        return self._holders.get(writer.transactional_id) is writer

    def forget(self, reader: EmbeddedReader) -> None:
        self._readers.discard(reader)

    # Inside

    def _rows_of(self, records: Sequence[Outgoing]) -> list[NewRow]:
        rows: list[NewRow] = []
        routes, packed, add = self._routes, self._packed, rows.append
        spread: dict[str, int] = {}
        for topic, key, value, headers, number in records:
            route = routes.get(topic)
            if route is None:
                raise ConfigurationError(no_topic(topic))
            if len(value or b"") + len(key or b"") > MAX_RECORD_BYTES:
                raise too_large(topic, key, value)
            if number is None:
                if key is not None:
                    number = route.number_of(key)
                elif topic in spread:
                    number = spread[topic]
                else:
                    number = spread[topic] = next(route.unkeyed)
            add((route.ids[number], key, value, packed[headers]))
        return rows

    def _on_ends(self, ends: dict[int, int]) -> None:
        self._ends.update(ends)
        topics = {self._names[id_] for id_ in ends}
        for reader in self._readers:
            if not topics.isdisjoint(reader.topics):
                reader.wake()

    def _load_topics(self) -> None:
        self._specs = file.fetch_specs(self._reading)
        self._counts.update((name, spec.partitions) for name, spec in self._specs.items())
        ids = file.fetch_partition_ids(self._reading)
        self._routes = {topic: _Route(ids[topic]) for topic in self._specs}
        self._names = {id_: topic for topic in self._specs for id_ in ids[topic]}
        for id_ in self._names:
            self._ends.setdefault(id_, 0)

    def _id_of(self, partition: TopicPartition) -> int:
        return self._routes[partition.topic].ids[partition.partition]

    def _partitions_of(self, topics: Collection[str]) -> list[TopicPartition]:
        missing = sorted(set(topics) - set(self._specs))
        if missing:
            raise ConfigurationError([no_topic(topic) for topic in missing])
        return [TopicPartition(topic, number) for topic in topics for number in range(self._counts[topic])]

    def _new_future(self) -> "asyncio.Future[Any]":
        if self._closed:
            raise RuntimeError("the log is closed")
        return asyncio.get_running_loop().create_future()

    async def _act(self, action: Action) -> Any:
        future = self._new_future()
        self._commits.submit(Work(future, action=action))
        return await future
