"""The log on Apache Kafka 4: what `kafka://` in URBANSENSE_LOG_URL means.

append ──▶ KafkaAppends ──▶ PartitionBatches, one each ──▶ one idempotent producer (acks=all)
reader ──▶ KafkaReader: read_committed, positions by KafkaAdmin, range assignment in groups
writer ──▶ KafkaWriter: one transactional producer per id
"""

from collections.abc import Awaitable, Mapping, Sequence

from domain.errors import ConfigurationError
from domain.topics import TopicSpec
from streams.kafka.admin import KafkaAdmin
from streams.kafka.appends import KafkaAppends
from streams.kafka.faults import calm_aiokafka
from streams.kafka.producers import ProducerSupply, make_producer
from streams.kafka.reader import KafkaReader
from streams.kafka.writer import KafkaWriter
from streams.limits.topics import conflicts
from streams.ports import AssignmentListener, Committed, Outgoing, Start, TopicPartition
from streams.routing.routes import Routing
from streams.routing.subscription import Subscription

_CLOSING_PATIENCE_S = 30.0


class KafkaLog:
    """See `streams.ports.Log`. Make it inside the event loop that uses it; it connects when first asked for something.

    Delivery: a broker that is away is waited for; only `close` gives up on it, after 30 s.
    """

    def __init__(
        self,
        servers: Sequence[str],
        client_id: str = "urbansense",
        closing_patience_s: float = _CLOSING_PATIENCE_S,
    ) -> None:
        calm_aiokafka()
        self._servers, self._client_id = list(servers), client_id
        self._admin = KafkaAdmin(servers, client_id)
        self._supply = ProducerSupply(lambda: make_producer(self._servers, client_id))
        self._appends = KafkaAppends(self._supply, self._admin)
        self._routing = Routing(self._admin.partition_counts)
        self._closing_patience_s = closing_patience_s
        self._closed = False

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        counts = await self._admin.partition_counts()
        problems = conflicts(specs, counts)
        if problems:
            raise ConfigurationError(problems)
        missing = {spec.name: spec for spec in specs if spec.name not in counts}
        if missing:
            await self._admin.create(missing.values())
            problems = conflicts(specs, await self._admin.partition_counts())
            if problems:
                raise ConfigurationError(problems)

    def append(self, records: Sequence[Outgoing]) -> Awaitable[None]:
        if self._closed:
            raise RuntimeError("the log is closed")
        return self._appends.append(records)

    async def reader(
        self,
        topics: Sequence[str],
        *,
        group: str | None = None,
        start: str = Start.EARLIEST,
        partitions: Sequence[TopicPartition] | None = None,
        on_assigned: AssignmentListener | None = None,
        on_revoked: AssignmentListener | None = None,
    ) -> KafkaReader:
        every = await self._partitions_of(topics)
        mine = None if partitions is None and group is not None else tuple(every if partitions is None else partitions)
        subscription = Subscription(tuple(topics), group, start, mine, on_assigned, on_revoked)
        return await KafkaReader(self._servers, self._client_id, subscription, self._admin).open()

    async def writer(self, transactional_id: str) -> KafkaWriter:
        return await KafkaWriter.open(self._servers, transactional_id, self._routing)

    async def committed(self, group: str, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        return await self._admin.committed(group, partitions)

    async def bounds(self, topics: Sequence[str]) -> Mapping[TopicPartition, tuple[int, int]]:
        return await self._admin.bounds(await self._partitions_of(topics))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._appends.close(self._closing_patience_s)
        await self._supply.close(self._closing_patience_s)
        await self._admin.close()

    async def _partitions_of(self, topics: Sequence[str]) -> list[TopicPartition]:
        counts = await self._admin.partition_counts(topics)
        return [TopicPartition(topic, number) for topic in topics for number in range(counts[topic])]
