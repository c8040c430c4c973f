"""How far the rules are, as somebody sees it who must kill them in time: faster than they go, and past their own ports."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaTopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.group import LeaveGroupRequest

from domain.topics import Topics
from rules.worker.sums import rules_group
from streams.kafka.faults import until_answered
from streams.ports import Log, TopicPartition
from streams.reading.tables import read_between, read_to_end


class Progress(Protocol):
    """Counts that grow from stage to stage of the rules."""

    async def fed(self) -> int:
        """Telemetry records in the log, ticks among them."""

    async def judged(self) -> int:
        """Those of them that lie before the worker's committed places."""

    async def raised(self) -> int:
        """The end of rules.raised; in Kafka behind what an open transaction has written."""

    async def announced(self) -> int:
        """Records on city.events."""

    async def is_level(self) -> bool:
        """Whether the correlator has dealt with all of rules.raised."""


class KafkaProgress:
    """Asks Kafka, for rules.raised past the port, which shows nothing uncommitted."""

    def __init__(self, log: Log, topics: Topics, uncommitted: Any) -> None:
        self._log, self._topics, self._uncommitted = log, topics, uncommitted

    async def fed(self) -> int:
        return await self._ends(*self._topics.all_telemetry)

    async def judged(self) -> int:
        partitions = sorted(await self._log.bounds(self._topics.all_telemetry))
        places = await self._log.committed(rules_group(self._topics), partitions)
        return sum(place.offset for place in places.values())

    async def raised(self) -> int:
        partition = KafkaTopicPartition(self._topics.rules_raised, 0)
        ends: dict[KafkaTopicPartition, int] = await self._uncommitted.end_offsets([partition])
        return ends[partition]

    async def announced(self) -> int:
        return await self._ends(self._topics.events)

    async def is_level(self) -> bool:
        raised = TopicPartition(self._topics.rules_raised, 0)
        ((_, end),) = (await self._log.bounds([raised.topic])).values()
        places = await self._log.committed(f"{self._topics.prefix}correlator", [raised])
        begin = places[raised].offset if places else 0
        return not [record async for record in read_between(self._log, {raised: (begin, end)})]

    async def undone(self) -> int:
        """How many events were written to rules.raised and never committed: deaths in the middle of a transaction."""
        partition = KafkaTopicPartition(self._topics.rules_raised, 0)
        self._uncommitted.assign([partition])
        await self._uncommitted.seek_to_beginning()
        written, end = 0, await self.raised()
        while await self._uncommitted.position(partition) < end:
            written += sum(map(len, (await self._uncommitted.getmany(timeout_ms=200)).values()))
        return written - len([record async for record in read_to_end(self._log, [partition.topic])])

    async def _ends(self, *topics: str) -> int:
        return sum(end for _, end in (await self._log.bounds(topics)).values())


@asynccontextmanager
async def kafka_progress(log: Log, topics: Topics, bootstrap: str) -> AsyncIterator[KafkaProgress]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_uncommitted")
    await consumer.start()
    try:
        yield KafkaProgress(log, topics, consumer)
    finally:
        await consumer.stop()


class FileProgress:
    """Reads the embedded log's file beside the process that has it."""

    def __init__(self, path: Path, topics: Topics) -> None:
        self._path, self._topics = path, topics

    async def fed(self) -> int:
        return self._records(f"{self._topics.prefix}telemetry.%")

    async def judged(self) -> int:
        return self._ask("SELECT total(next_offset) FROM places WHERE reader_group = ?", rules_group(self._topics))

    async def raised(self) -> int:
        return self._records(self._topics.rules_raised)

    async def announced(self) -> int:
        return self._records(self._topics.events)

    async def is_level(self) -> bool:
        group = f"{self._topics.prefix}correlator"
        passed_on = self._ask("SELECT total(next_offset) FROM places WHERE reader_group = ?", group)
        return passed_on == await self.raised()

    def _records(self, topic: str) -> int:
        return self._ask("SELECT count(*) FROM records JOIN partitions ON partition = id WHERE topic LIKE ?", topic)

    def _ask(self, question: str, about: str) -> int:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as file:
            return int(file.execute(question, (about,)).fetchone()[0])


async def dismiss_members(bootstrap: str, group: str) -> None:
    """Tell Kafka that all members of a group have left: of a death it would learn by itself ten seconds later."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()

    async def dismiss() -> None:
        node = await client.coordinator_lookup(CoordinationType.GROUP, group)
        told = await client.send(node, DescribeGroupsRequest([group]), group=ConnectionGroup.COORDINATION)
        for member, *_ in told.groups[0][5]:
            await client.send(node, LeaveGroupRequest(group, member), group=ConnectionGroup.COORDINATION)

    try:
        await until_answered(f"dismissing the members of {group}", dismiss)
    finally:
        await client.close()
