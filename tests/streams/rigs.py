"""A log to test, of either adapter, and bounded ways to wait for what it should show."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from domain.topics import Cleanup, TopicSpec
from streams import Log, LogReader, Outgoing, TopicPartition, open_log
from streams.ports import Record

_T = TypeVar("_T")
PATIENCE_S = 20.0


class Rig:
    """Opens logs at one place (a file or a broker) with topics of the test's own, and closes them all at the end."""

    def __init__(self, url: str, folder: Path, prefix: str) -> None:
        self.url, self.folder, self.prefix = url, folder, prefix
        self._logs: list[Log] = []
        self._readers: list[LogReader] = []

    @property
    def is_kafka(self) -> bool:
        return self.url.startswith("kafka")

    async def open(self) -> Log:
        log = await open_log(self.url, self.folder)
        self._logs.append(log)
        return log

    async def topic(
        self, log: Log, name: str = "readings", partitions: int = 3, cleanup: Cleanup = Cleanup.DELETE
    ) -> str:
        topic = f"{self.prefix}{name}"
        await log.ensure_topics([TopicSpec(topic, partitions, cleanup)])
        return topic

    def group(self, name: str = "group") -> str:
        return f"{self.prefix}{name}"

    def closing(self, reader: LogReader) -> LogReader:
        """The same reader, closed at the end of the test."""
        self._readers.append(reader)
        return reader

    async def close(self) -> None:
        for reader in self._readers:
            await reader.close()
        for log in self._logs:
            await log.close()


def numbered(topic: str, count: int, partition: int | None = None, first: int = 0) -> list[Outgoing]:
    """Records with the values b"0", b"1", …; the key is the value unless the partition is given."""
    return [
        Outgoing(topic, None if partition is not None else b"%d" % i, b"%d" % i, partition=partition)
        for i in range(first, first + count)
    ]


async def read_some(reader: LogReader, count: int) -> list[Record]:
    """The next records, at least `count` of them; fails if they do not come."""
    records: list[Record] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(records) < count:
            for batch in (await reader.read(timeout_s=0.5)).values():
                records += batch
    return records


async def nothing_comes(reader: LogReader, for_s: float = 0.4) -> bool:
    return not await reader.read(timeout_s=for_s)


async def eventually(question: Callable[[], Awaitable[_T]], answer: Callable[[_T], bool]) -> _T:
    """What `question` returns once `answer` accepts it; fails with the last one if it never does."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        found = await question()
        if answer(found):
            return found
        assert asyncio.get_running_loop().time() < deadline, f"still {found!r}"
        await asyncio.sleep(0.02)


async def collected(records: AsyncIterator[Record]) -> list[Record]:
    """All of them; fails if they do not end."""
    async with asyncio.timeout(PATIENCE_S):
        return [record async for record in records]


def by_partition(records: Sequence[Record]) -> dict[TopicPartition, list[Record]]:
    found: dict[TopicPartition, list[Record]] = {}
    for record in records:
        found.setdefault(TopicPartition(record.topic, record.partition), []).append(record)
    return found
