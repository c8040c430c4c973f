"""What is asked of Kafka about topics, offsets and groups, and the creation of topics. Waits out a broker that is away."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, Final, TypeVar

from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.admin import CreateTopicsRequest
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.offset import OffsetRequest

from domain.errors import ConfigurationError
from domain.topics import Cleanup, TopicSpec
from streams.kafka.faults import until_answered
from streams.limits.topics import no_topic
from streams.ports import Committed, TopicPartition

_T = TypeVar("_T")
_READ_COMMITTED: Final = 1
_EARLIEST, _LATEST = -2, -1
_AWAITED: Final = (kafka.InvalidReplicationFactorError,)
"""An answer of Kafka's, too, while its brokers are still registering."""
_COPIES: Final = 3
"""How many replicas a new topic gets, where the cluster has that many brokers."""

_LEAST_SEGMENT_BYTES: Final = 2 * 1024 * 1024
_SEGMENTS: Final = 4
"""Kafka drops whole segments only, and never the one that it writes: of a bounded topic they must be small."""


class KafkaAdmin:
    """One connection for requests about topics, offsets and groups. Safe to use from many tasks."""

    def __init__(self, servers: Sequence[str], client_id: str) -> None:
        self._servers, self._client_id = list(servers), client_id
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def partition_counts(self, topics: Collection[str] | None = None) -> dict[str, int]:
        """By topic, how many partitions it has; of all topics, or of those. Never creates one.

        Raises: ConfigurationError naming the topics that do not exist.
        """
        counts = await self._ask("asking for topics", self._counts)
        if topics is None:
            return counts
        missing = sorted(set(topics) - set(counts))
        if missing:
            raise ConfigurationError([no_topic(topic) for topic in missing])
        return {topic: counts[topic] for topic in topics}

    async def bounds(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """(first offset kept, last stable offset) of each partition."""
        first = await self._ask("asking for offsets", lambda: self._offsets(partitions, _EARLIEST))
        end = await self._ask("asking for offsets", lambda: self._offsets(partitions, _LATEST))
        return {tp: (first[tp], end[tp]) for tp in partitions}

    async def committed(self, group: str, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Committed]:
        """The group's places; partitions without one are left out."""
        if not partitions:
            return {}
        return await self._ask(f"asking for the places of {group}", lambda: self._committed(group, partitions))

    async def create(self, specs: Iterable[TopicSpec]) -> None:
        """Create these topics; one that somebody else created meanwhile is as good."""
        missing = list(specs)
        await self._ask("creating topics", lambda: self._create(missing))

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _ask(self, doing: str, question: Callable[[], Awaitable[_T]]) -> _T:
        async def connected() -> _T:
            async with self._opening:
                if self._client is None:
                    client = AIOKafkaClient(bootstrap_servers=self._servers, client_id=f"{self._client_id}-enquiries")
                    try:
                        await client.bootstrap()
                    except BaseException:
                        await client.close()
                        raise
                    self._client = client
            return await question()

        return await until_answered(doing, connected)

    async def _counts(self) -> dict[str, int]:
        metadata = await self._client.fetch_all_metadata()
        return {topic: len(metadata.partitions_for_topic(topic)) for topic in metadata.topics()}

    async def _offsets(self, partitions: Collection[TopicPartition], which: int) -> dict[TopicPartition, int]:
        metadata = await self._client.fetch_all_metadata()
        asked: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for tp in partitions:
            leader = metadata.leader_for_partition(tp)
            if leader is None or leader == -1:
                raise kafka.LeaderNotAvailableError(f"{tp.topic}-{tp.partition}")
            asked[leader][tp.topic].append((tp.partition, which))
        offsets: dict[TopicPartition, int] = {}
        for node, topics in asked.items():
            response = await self._client.send(node, OffsetRequest(-1, _READ_COMMITTED, list(topics.items())))
            for topic, answers in response.topics:
                for partition, error_code, _, offset in answers:
                    _check(error_code, f"{topic}-{partition}")
                    offsets[TopicPartition(topic, partition)] = offset
        return offsets

    async def _committed(self, group: str, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Committed]:
        # aiokafka 0.14 overlooks the error code of the whole answer, which a coordinator that is still loading sets;
        # to believe its empty answer would be to read everything again.
        asked: dict[str, list[int]] = defaultdict(list)
        for tp in partitions:
            asked[tp.topic].append(tp.partition)
        node = await self._client.coordinator_lookup(CoordinationType.GROUP, group)
        response = await self._client.send(
            node, OffsetFetchRequest(group, list(asked.items())), group=ConnectionGroup.COORDINATION
        )
        _check(response.error_code, group)
        places: dict[TopicPartition, Committed] = {}
        for topic, answers in response.topics:
            for partition, offset, metadata, error_code in answers:
                _check(error_code, f"{group} on {topic}-{partition}")
                if offset >= 0:
                    places[TopicPartition(topic, partition)] = Committed(offset, metadata or "")
        return places

    async def _create(self, specs: Sequence[TopicSpec]) -> None:
        metadata = await self._client.fetch_all_metadata()
        copies = min(_COPIES, len(metadata.brokers()))
        if metadata.controller is None:
            raise kafka.NodeNotReadyError("no controller")
        topics: list[Any] = [(spec.name, spec.partitions, copies, [], list(_settings(spec).items())) for spec in specs]
        response = await self._client.send(metadata.controller.nodeId, CreateTopicsRequest(topics, 30_000, False))
        for topic, error_code, message in response.topic_errors:
            error = kafka.for_code(error_code)
            if error in _AWAITED or error.retriable:
                raise error(f"{topic}: {message}")
            if error not in (kafka.NoError, kafka.TopicAlreadyExistsError):
                raise ConfigurationError(f"Kafka refuses to create topic {topic}: {error.__name__} {message}")
        known = await self._counts()
        missing = sorted({spec.name for spec in specs} - set(known))
        if missing:
            raise kafka.LeaderNotAvailableError(f"{missing} not known to all brokers yet")


def _settings(spec: TopicSpec) -> dict[str, str]:
    if spec.cleanup is Cleanup.COMPACT:
        return {"cleanup.policy": "compact"}
    settings = {"cleanup.policy": "delete", "retention.ms": str(-1 if spec.retention_ms is None else spec.retention_ms)}
    if spec.retention_bytes is not None:
        each = spec.retention_bytes // spec.partitions
        segment = max(_LEAST_SEGMENT_BYTES, each // _SEGMENTS)
        settings |= {"retention.bytes": str(each), "segment.bytes": str(segment)}
    return settings


def _check(error_code: int, about: str) -> None:
    error = kafka.for_code(error_code)
    if error is not kafka.NoError:
        raise error(about)
