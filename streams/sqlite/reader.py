"""Reading the embedded log: alone or as a member of a group."""

import asyncio
import itertools
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import NamedTuple

import structlog

from domain.errors import Fenced
from domain.topics import Headers
from streams.limits.records import check_metadata
from streams.ports import Batch, Committed, Record, TopicPartition
from streams.routing.subscription import Subscription
from streams.sqlite.consumer_group import ConsumerGroup, Member
from streams.sqlite.contents import LogContents
from streams.sqlite.file import unpack_headers

_LOG = structlog.get_logger()
_MEMBERS = itertools.count(1)


class StoredRecord(NamedTuple):
    """A record as read from the embedded log; `timestamp` is the instant it was appended, epoch ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


_record = partial(tuple.__new__, StoredRecord)  # half the time of calling StoredRecord, and there are many


class _UnpackedHeaders(dict[bytes, Headers]):
    """Packed headers to headers; most records of a topic carry the same ones."""

    def __missing__(self, packed: bytes) -> Headers:
        if len(self) > 4096:
            self.clear()
        headers = self[packed] = unpack_headers(packed)
        return headers


class SQLiteReader:
    """One consumer; see `streams.ports.LogReader`. Listeners run inside `read`, in the reading task."""

    def __init__(
        self,
        contents: LogContents,
        subscription: Subscription,
        group: ConsumerGroup | None,
        on_closed: Callable[["SQLiteReader"], None],
    ) -> None:
        self.topics = frozenset(subscription.topics)
        self._contents = contents
        self._on_closed = on_closed
        self._subscription = subscription
        self._group = group
        self._news = asyncio.Event()
        self._headers = _UnpackedHeaders()
        self._positions: dict[TopicPartition, int] = {}
        self._member = Member(f"member-{next(_MEMBERS):06d}", self.topics, self.wake)
        if group is None:
            self._take_up(subscription.partitions or ())
        else:
            group.join(self._member)

    def wake(self) -> None:
        """There may be something to read, or the group changes."""
        self._news.set()

    async def read(self, timeout_s: float, max_records: int = 5000) -> Batch:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            self._news.clear()
            if self._group is None or await self._settle(self._group, self._member):
                batch = self._collect(max_records)
                if batch:
                    await asyncio.sleep(0)  # a reader that always finds something must not starve the others
                    return batch
            left_s = deadline - loop.time()
            if left_s <= 0:
                await asyncio.sleep(0)
                return {}
            try:
                async with asyncio.timeout(min(left_s, 1.0)):  # at least each second, to see a member out of time
                    await self._news.wait()
            except TimeoutError:
                pass

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        strangers = sorted(set(offsets) - set(self._positions))
        if strangers:
            raise ValueError(f"not assigned to this reader: {strangers}")
        self._positions.update(offsets)
        self.wake()

    def position(self, partition: TopicPartition) -> int:
        return self._positions[partition]

    async def commit(self, positions: Mapping[TopicPartition, Committed]) -> None:
        name = self._subscription.group
        if name is None:
            raise ValueError("a reader without a group has no place to keep")
        check_metadata(positions)
        if self._group is not None and (strangers := sorted(set(positions) - self._member.holds)):
            raise Fenced(f"{strangers} now belong to another member of {name}")
        await self._contents.move_places(name, positions)

    async def close(self) -> None:
        if self._group is not None:
            self._group.leave(self._member)
        self._on_closed(self)

    async def _settle(self, group: ConsumerGroup, member: Member) -> bool:
        """Take part in a rebalance; whether this member now has its partitions and may read."""
        if member.lost:
            await self._revoke(frozenset(self._positions))
            group.join(member)
        group.advance()
        if group.releasing and member.holds:
            await self._revoke(member.holds)
            group.release(member)
        if member.dealt is not None:
            member.holds, member.dealt = member.dealt, None
            self._take_up(member.holds)
            if self._subscription.on_assigned is not None:
                await self._subscription.on_assigned(member.holds)
        return not group.releasing

    async def _revoke(self, held: frozenset[TopicPartition]) -> None:
        if self._subscription.on_revoked is not None and held:
            try:
                await self._subscription.on_revoked(held)
            except Fenced as error:
                _LOG.warning("partitions lost before they were handed over", error=str(error))
        self._positions.clear()

    def _take_up(self, partitions: Collection[TopicPartition]) -> None:
        _, group, start, *_ = self._subscription
        committed = self._contents.places(group, partitions) if group is not None else {}
        self._positions = {
            tp: committed[tp].offset if tp in committed else self._contents.start_offset(tp, start)
            for tp in sorted(partitions)
        }

    def _collect(self, max_records: int) -> dict[TopicPartition, list[Record]]:
        """What stands behind the positions, at most `max_records`; the partitions take turns at being first."""
        batch: dict[TopicPartition, list[Record]] = {}
        left = max_records
        for tp, position in list(self._positions.items()):
            end = self._contents.end(tp)
            if position >= end:
                continue
            rows = self._contents.rows(tp, position, left)
            topic, number = tp
            unpacked = self._headers
            if rows:
                batch[tp] = [
                    _record((topic, number, offset, at_ms, key, value, unpacked[packed]))
                    for offset, at_ms, key, value, packed in rows
                ]
            full = len(rows) == left
            # Fewer rows than asked for: whatever stood between the last of them and the end was compacted away.
            reached = rows[-1][0] + 1 if rows else 0
            del self._positions[tp]
            self._positions[tp] = reached if full else max(reached, end)
            left -= len(rows)
            if left <= 0:
                break
        return batch
