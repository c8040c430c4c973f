"""The transactional writer: records and a group's offsets in one Kafka transaction."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka import TopicPartition as KafkaTopicPartition
from aiokafka.structs import OffsetAndMetadata

from domain.errors import Fenced, TransientFault
from streams.kafka.faults import meaning, until_answered
from streams.kafka.partition_batches import HeaderLists
from streams.kafka.producers import BATCH_BYTES, REQUEST_TIMEOUT_MS, stop_producer
from streams.limits.records import MAX_RECORD_BYTES, check_metadata, too_large
from streams.ports import Committed, Outgoing, TopicPartition
from streams.routing.routes import Routing

_LOG = structlog.get_logger()
_ABORTING_PATIENCE_S: Final = 5.0
TRANSACTION_TIMEOUT_S: Final = 60.0
"""After so long the broker ends a transaction itself, so that a dead writer does not hold up readers for ever."""


class KafkaWriter:
    """See `streams.ports.TransactionalWriter`. After an error in a transaction it is spent: open another.

    What can be refused before a transaction begins (RecordTooLarge, an unknown topic) changes nothing.
    """

    def __init__(self, producer: Any, transactional_id: str, routing: Routing) -> None:
        self._producer = producer
        self._id = transactional_id
        self._routing = routing
        self._headers = HeaderLists()
        self._spent: Exception | None = None

    @classmethod
    async def open(cls, servers: list[str], transactional_id: str, routing: Routing) -> "KafkaWriter":
        """The writer of that id; earlier ones are fenced and what they left open is undone. Waits out a broker."""

        async def start() -> Any:
            producer = AIOKafkaProducer(
                bootstrap_servers=servers,
                client_id=transactional_id,
                transactional_id=transactional_id,
                transaction_timeout_ms=int(TRANSACTION_TIMEOUT_S * 1000),
                acks="all",
                max_batch_size=BATCH_BYTES,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
            )
            try:
                await producer.start()
            except BaseException:
                await stop_producer(producer)
                raise
            return producer

        return cls(
            await until_answered(f"opening transactional id {transactional_id}", start), transactional_id, routing
        )

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        if self._spent is not None:
            raise self._spent
        if not records and not offsets:
            return
        check_metadata(offsets)
        batches = await self._batches(records)
        async with self._transaction_errors():
            await self._producer.begin_transaction()
            deliveries = [
                await self._producer.send_batch(batch, tp.topic, partition=tp.partition) for tp, batch in batches
            ]
            if offsets:
                await self._producer.send_offsets_to_transaction(
                    {KafkaTopicPartition(*tp): OffsetAndMetadata(*place) for tp, place in offsets.items()}, group
                )
            for delivery in deliveries:
                delivery.add_done_callback(_note_exception)
            for delivery in deliveries:
                await delivery
            await self._producer.commit_transaction()

    async def close(self) -> None:
        self._spent = self._spent or TransientFault(f"the writer of {self._id} is closed")
        await stop_producer(self._producer)

    async def _batches(self, records: Sequence[Outgoing]) -> list[tuple[TopicPartition, Any]]:
        """The records in prepared batches, in order within each partition."""
        for topic, key, value, _, _ in records:
            if len(key or b"") + len(value or b"") > MAX_RECORD_BYTES:
                raise too_large(topic, key, value)
        by_partition: dict[TopicPartition, list[Outgoing]] = defaultdict(list)
        await self._routing.know({record.topic for record in records})
        for record in records:
            by_partition[TopicPartition(record.topic, self._routing.number_of(record))].append(record)
        now_ms = time.time_ns() // 1_000_000
        batches = []
        for tp, mine in by_partition.items():
            batch = self._producer.create_batch()
            for _, key, value, headers, _ in mine:
                listed = self._headers[headers]
                if batch.append(timestamp=now_ms, key=key, value=value, headers=listed) is None:
                    batches.append((tp, batch))
                    batch = self._producer.create_batch()
                    batch.append(timestamp=now_ms, key=key, value=value, headers=listed)
            batches.append((tp, batch))
        return batches

    @asynccontextmanager
    async def _transaction_errors(self) -> AsyncIterator[None]:
        """Whatever goes wrong in a transaction, as Fenced, RecordRefused or TransientFault; the writer is then spent."""
        began_s = time.monotonic()
        try:
            yield
        except BaseException as error:
            fault = meaning(self._root(error), f"committing as {self._id}")
            if isinstance(fault, Fenced) and time.monotonic() - began_s > TRANSACTION_TIMEOUT_S:
                # The broker itself ends a transaction that lasts too long, in the same words as for a newer holder.
                fault = TransientFault(str(fault))
            self._spent = fault
            self._take_note()
            if not isinstance(error, Exception):
                raise
            if not isinstance(fault, Fenced):
                await self._abort()
            raise fault from error

    async def _abort(self) -> None:
        """Try to undo a transaction that is still open, since readers wait behind it."""
        try:
            async with asyncio.timeout(_ABORTING_PATIENCE_S):
                await self._producer.abort_transaction()
        except Exception as error:  # an AssertionError too: there is nothing to abort once a commit was sent
            _LOG.debug("a transaction was not aborted", id=self._id, error=str(error))

    def _take_note(self) -> None:
        """Read the errors that aiokafka 0.14 leaves in futures of its own, or asyncio reports each of them."""
        _note_exception(self._producer._txn_manager.wait_for_transaction_end())
        for batches in self._producer._message_accumulator._batches.values():
            for batch in batches:
                _note_exception(batch._drain_waiter)

    def _root(self, error: BaseException) -> BaseException:
        """The error that ended aiokafka's sender, if it did: what a call raises then only states that it did."""
        task = self._producer._sender.sender_task
        if task is not None and task.done() and not task.cancelled() and task.exception() is not None:
            ended: BaseException = task.exception()
            return ended
        return error


def _note_exception(future: "asyncio.Future[Any] | None") -> None:
    """Keep asyncio from reporting an error that has been raised by another way."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()
