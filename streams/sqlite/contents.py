"""What stands in the log: its topics, where each partition ends, the rows between, and the places of groups.

append, move_places ──▶ GroupCommitter (a thread, the one writer) ──▶ file
rows, places ────────▶ a second connection on the event loop: about a microsecond a record, no hand-over between threads
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from domain.errors import ConfigurationError, TransientFault
from domain.topics import Headers, TopicSpec
from streams.limits.records import MAX_RECORD_BYTES, too_large
from streams.limits.topics import no_topic
from streams.ports import Committed, Outgoing, Start, TopicPartition
from streams.routing.routes import Route
from streams.sqlite import file
from streams.sqlite.faults import file_fault
from streams.sqlite.group_commit import Action, GroupCommitter, NewRow, Work

_P = ParamSpec("_P")
_T = TypeVar("_T")


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


class LogContents:
    """The one holder of the file's connections. `on_grown` is called with the topics that have new records.

    Use it from one event loop. Raises: InUse where another process has the file open; else as `file.opening`.
    """

    def __init__(self, path: Path, now_ms: Callable[[], int], on_grown: Callable[[set[str]], None]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"{error.strerror}: look at its owner, its modes and its file system"
            raise ConfigurationError(f"{path.parent} cannot be written: {reason}") from error
        self._path = path
        self._lock = file.lock(path)
        self._on_grown = on_grown
        with ExitStack() as undo:
            undo.callback(self._lock.close)
            self._reading = file.connect(path)
            undo.callback(self._reading.close)
            self._reading.execute("PRAGMA query_only=1")
            with file.opening(path):
                self._commits = GroupCommitter(path, now_ms, self._on_ends)
            undo.pop_all()
        self._packed = _PackedHeaders()
        self._closed = False
        self.ends = self._commits.next_offsets
        """By partition id, the offset of the next record."""
        self.counts: dict[str, int] = {}
        """By topic, how many partitions it has. Always the same object."""
        self._load_topics()

    async def create_topics(self, specs: Sequence[TopicSpec]) -> None:
        await self.act(partial(file.create_topics, specs))
        self._load_topics()

    def append(self, records: Sequence[Outgoing]) -> Awaitable[None]:
        future: asyncio.Future[None] = self._new_future()
        self._commits.submit(Work(future, self._rows_of(records)))
        return future

    def end(self, partition: TopicPartition) -> int:
        return self.ends[self._id_of(partition)]

    def start_offset(self, partition: TopicPartition, start: str) -> int:
        id_ = self._id_of(partition)
        first = self._ask(file.fetch_first_offset, id_) if start == Start.EARLIEST else None
        return self.ends[id_] if first is None else min(first, self.ends[id_])

    def rows(self, partition: TopicPartition, offset: int, limit: int) -> list[file.StoredRow]:
        return self._ask(file.fetch_records, self._id_of(partition), offset, limit)

    def places(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Committed]:
        found = ((tp, self._ask(file.fetch_place, group, self._id_of(tp))) for tp in partitions)
        return {tp: Committed(*place) for tp, place in found if place is not None}

    async def move_places(
        self, group: str, positions: Mapping[TopicPartition, Committed], records: Sequence[Outgoing] = ()
    ) -> None:
        """Append the records and move the group's places, all or nothing."""
        places = [
            file.GroupPlace(group, self._id_of(tp), place.offset, place.metadata) for tp, place in positions.items()
        ]
        future = self._new_future()
        self._commits.submit(Work(future, self._rows_of(records), places))
        await future

    def partitions_of(self, topics: Collection[str]) -> list[TopicPartition]:
        missing = sorted(set(topics) - set(self.specs))
        if missing:
            raise ConfigurationError([no_topic(topic) for topic in missing])
        return [TopicPartition(topic, number) for topic in topics for number in range(self.counts[topic])]

    async def act(self, action: Action) -> Any:
        """What `action` returns, run by the writing thread between what else it commits."""
        future = self._new_future()
        self._commits.submit(Work(future, action=action))
        return await future

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._commits.close()
        self._reading.close()
        self._lock.close()

    def check(self) -> None:
        """Raises: TransientFault while what is appended cannot be written."""
        if self._commits.fault is not None:
            raise TransientFault(self._commits.fault)

    def _ask(self, question: Callable[Concatenate[sqlite3.Connection, _P], _T], *of: _P.args, **by: _P.kwargs) -> _T:
        """The answer of the file. Raises: TransientFault where it cannot be read."""
        try:
            return question(self._reading, *of, **by)
        except sqlite3.DatabaseError as error:
            raise TransientFault(f"the log cannot be read: {file_fault(self._path, error) or error}") from error

    def _rows_of(self, records: Sequence[Outgoing]) -> list[NewRow]:
        rows: list[NewRow] = []
        routes, packed, add = self.routes, self._packed, rows.append
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
        self.ends.update(ends)
        self._on_grown({self._names[id_] for id_ in ends})

    def _load_topics(self) -> None:
        self.specs = file.fetch_specs(self._reading)
        self.counts.update((name, spec.partitions) for name, spec in self.specs.items())
        ids = file.fetch_partition_ids(self._reading)
        self.routes = {topic: _Route(ids[topic]) for topic in self.specs}
        self._names = {id_: topic for topic in self.specs for id_ in ids[topic]}
        for id_ in self._names:
            self.ends.setdefault(id_, 0)

    def _id_of(self, partition: TopicPartition) -> int:
        return self.routes[partition.topic].ids[partition.partition]

    def _new_future(self) -> "asyncio.Future[Any]":
        if self._closed:
            raise RuntimeError("the log is closed")
        return asyncio.get_running_loop().create_future()
