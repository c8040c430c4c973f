"""From append calls to the batches of their partitions."""

import asyncio
from collections.abc import Sequence

import structlog

from domain.errors import ConfigurationError
from streams.kafka.admin import KafkaAdmin
from streams.kafka.faults import BrokerOutage
from streams.kafka.partition_batches import HeaderLists, PartitionBatches, Ticket
from streams.kafka.producers import ProducerSupply
from streams.limits.records import MAX_RECORD_BYTES, too_large
from streams.limits.topics import no_topic
from streams.ports import Outgoing, TopicPartition
from streams.routing.routes import Route

_LOG = structlog.get_logger()


class _TopicBatches(Route):
    """The partitions of one topic, each made when first used."""

    __slots__ = ("partitions",)

    def __init__(self, partitions: int) -> None:
        super().__init__(partitions)
        self.partitions: list[PartitionBatches | None] = [None] * partitions


class KafkaAppends:
    """Takes records, in order, and ends each call's future when Kafka has acknowledged all of them."""

    def __init__(self, supply: ProducerSupply, admin: KafkaAdmin) -> None:
        self._supply = supply
        self._admin = admin
        self._headers = HeaderLists()
        self._outage = BrokerOutage("appending")
        self._routes: dict[str, _TopicBatches] = {}
        self._parked: dict[str, list[tuple[list[Outgoing], Ticket]]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def append(self, records: Sequence[Outgoing]) -> "asyncio.Future[None]":
        """See `streams.ports.Log.append`. Nothing of the call is taken if it raises."""
        targets = self._targets_of(records)
        ticket = Ticket(asyncio.get_running_loop().create_future())
        if not records:
            ticket.future.set_result(None)
        elif targets is not None:
            _hand_over(records, targets, ticket)
        else:
            for topic in dict.fromkeys(record.topic for record in records):
                self._take_or_park(topic, [record for record in records if record.topic == topic], ticket)
        return ticket.future

    @property
    def partitions(self) -> list[PartitionBatches]:
        return [partition for route in self._routes.values() for partition in route.partitions if partition is not None]

    async def close(self, patience_s: float) -> None:
        """Wait for what is in flight, but no longer than `patience_s`; the rest ends with a TransientFault."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_s
        while loop.time() < deadline and (self._parked or not all(partition.idle for partition in self.partitions)):
            await asyncio.sleep(0.01)
        for task in self._asking:
            task.cancel()
        waiting = sum(not partition.idle for partition in self.partitions) + len(self._parked)
        if waiting:
            _LOG.error("log closed with appends that Kafka has not acknowledged", partitions=waiting)
        await asyncio.gather(*(partition.close() for partition in self.partitions))

    def _targets_of(self, records: Sequence[Outgoing]) -> list[PartitionBatches] | None:
        """The batches that each record joins, or None where a topic is not known yet. Raises: RecordTooLarge."""
        routes, known = self._routes, True
        targets: list[PartitionBatches] = []
        spread: dict[str, int] = {}
        before: tuple[str, bytes] | None = None  # where the record before went; a batch of one device all goes there
        for topic, key, value, _, number in records:
            if value is not None and len(value) + len(key or b"") > MAX_RECORD_BYTES:
                raise too_large(topic, key, value)
            if before is not None and key is before[1] and topic is before[0] and number is None:
                targets.append(targets[-1])
                continue
            route = routes.get(topic)
            if route is None:
                known = False
                continue
            before = (topic, key) if key is not None and number is None else None
            if number is None:
                if key is not None:
                    number = route.number_of(key)
                elif topic in spread:
                    number = spread[topic]
                else:
                    number = spread[topic] = next(route.unkeyed)
            targets.append(route.partitions[number] or self._open_partition(route, topic, number))
        return targets if known else None

    def _open_partition(self, route: _TopicBatches, topic: str, number: int) -> PartitionBatches:
        partition = PartitionBatches(TopicPartition(topic, number), self._supply, self._headers, self._outage)
        route.partitions[number] = partition
        return partition

    def _take_or_park(self, topic: str, records: list[Outgoing], ticket: Ticket) -> None:
        """Records of a topic not yet known wait, in order, until Kafka has reported how many partitions it has."""
        targets = self._targets_of(records)
        if targets is not None:
            _hand_over(records, targets, ticket)
            return
        ticket.left += 1
        if topic not in self._parked:
            self._parked[topic] = []
            task = asyncio.get_running_loop().create_task(self._get_to_know(topic))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        self._parked[topic].append((records, ticket))

    async def _get_to_know(self, topic: str) -> None:
        error: Exception | None = None
        try:
            counts = await self._admin.partition_counts([topic])
            self._routes[topic] = _TopicBatches(counts[topic])
        except ConfigurationError as unknown:
            error = unknown
        for records, ticket in self._parked.pop(topic):
            targets = self._targets_of(records)
            if error is not None or targets is None:
                ticket.refused(error or ConfigurationError(no_topic(topic)))
            else:
                _hand_over(records, targets, ticket)
                ticket.shipped()  # the parking itself


def _hand_over(records: Sequence[Outgoing], targets: Sequence[PartitionBatches], ticket: Ticket) -> None:
    """Append each record to the batches of its partition, and put the ticket behind the last one in each."""
    touched: list[PartitionBatches] = []
    for partition, record in zip(targets, records, strict=True):
        partition.waiting.append(record)
        if partition.ticket is not ticket:
            partition.ticket = ticket
            touched.append(partition)
    ticket.left += len(touched)
    for partition in touched:
        partition.mark(ticket)
