"""The batches of one topic-partition: what waits is joined, and the next batch ships while the last is in flight.

    append ──▶ waiting ──▶ batch (queued in the producer) ──▶ batch (in flight) ──▶ acknowledged: tickets end
             joins all the while                   at most two, in order

One shipper per partition, because several concurrent `send_batch` waiters on one partition time out early in aiokafka
0.14. No task, future or lock per record: a call's records are counted off by one `Ticket` at the end of each batch.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import errors as kafka

from domain.errors import TransientFault
from domain.retry import backoff_s
from domain.topics import Headers
from streams.kafka.faults import BrokerOutage, meaning
from streams.kafka.producers import ProducerSupply
from streams.limits.records import RecordRefused
from streams.ports import Outgoing, TopicPartition

_IN_FLIGHT: Final = 2
_SLOW_S: Final = 5.0
"""After so long without an acknowledgement the broker counts as away."""


class Ticket:
    """One append call: its future ends when `left` partitions have shipped their share of it."""

    __slots__ = ("future", "left")

    def __init__(self, future: "asyncio.Future[None]") -> None:
        self.future = future
        self.left = 0

    def shipped(self) -> None:
        self.left -= 1
        if self.left == 0 and not self.future.done():
            self.future.set_result(None)

    def refused(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class HeaderLists(dict[Headers, list[tuple[str, bytes]]]):
    """Headers as the lists that aiokafka's batch builder insists on; most records of a topic share theirs."""

    def __missing__(self, headers: Headers) -> list[tuple[str, bytes]]:
        if len(self) > 4096:
            self.clear()
        listed = self[headers] = list(headers)
        return listed


class _Shipment:
    """A batch under way, with the records in it in case it must be shipped again."""

    __slots__ = ("delivery", "producer", "records")

    def __init__(self, delivery: "asyncio.Future[Any]", records: Sequence[Outgoing], producer: Any) -> None:
        self.delivery = delivery
        self.records = records
        self.producer = producer


class PartitionBatches:
    """The appends of one partition. `waiting` and `ticket` are filled by `KafkaAppends`, the one caller."""

    def __init__(
        self, partition: TopicPartition, supply: ProducerSupply, headers: HeaderLists, outage: BrokerOutage
    ) -> None:
        self.waiting: deque[Outgoing] = deque()
        self.ticket: Ticket | None = None
        """The call that last put something here."""
        self._partition = partition
        self._supply = supply
        self._headers = headers
        self._outage = outage
        self._marks: deque[tuple[int, Ticket]] = deque()
        self._under_way: deque[_Shipment] = deque()
        self._left = 0
        """How many records have left `waiting` so far, so that a record has a number without being counted."""
        self._acknowledged = 0
        self._most_records: int | None = None
        """Set after a refusal, to find the record that is refused among the next `_suspects`."""
        self._suspects = 0
        self._proven: Any = None
        self._waits = backoff_s()
        self._wake = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"append {partition}")

    @property
    def idle(self) -> bool:
        return not self._marks

    def mark(self, ticket: Ticket) -> None:
        """The call has put its last record here."""
        self._marks.append((self._left + len(self.waiting), ticket))
        if not self._wake.is_set():
            self._wake.set()

    async def close(self) -> None:
        """Stop at once; calls that still wait end with a TransientFault."""
        self._task.cancel()
        await asyncio.wait({self._task})
        self._end_all(TransientFault(f"the log was closed before {self._partition} acknowledged"))

    def _end_all(self, error: Exception) -> None:
        for _, ticket in self._marks:
            ticket.refused(error)
        self.waiting.clear()
        self._marks.clear()
        self._under_way.clear()
        self._left = self._acknowledged = 0
        self._most_records = self._proven = None

    async def _run(self) -> None:
        while True:
            try:
                await self._work()
            except Exception as error:  # settings that Kafka rejects, or a bug: whoever waits must get it
                self._end_all(error)

    async def _work(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_SLOW_S if self._under_way else None):
                    await self._wake.wait()
            except TimeoutError:
                self._outage.begun(f"no acknowledgement from {self._partition} for {_SLOW_S:.0f} s")
                continue
            self._wake.clear()
            while self._under_way and self._under_way[0].delivery.done():
                await self._settle(self._under_way.popleft())
            while self.waiting and self._may_ship() and await self._ship():
                pass

    def _may_ship(self) -> bool:
        """Whether another batch keeps the order: never past one that has failed.

        Until a producer has been acknowledged here once, one at a time: the broker takes any first sequence number from
        a producer new to the partition, even that of the batch after one it has refused.
        """
        proven = self._under_way and self._under_way[-1].producer is self._proven and self._most_records is None
        most = _IN_FLIGHT if proven else 1
        return len(self._under_way) < most and not any(shipment.delivery.done() for shipment in self._under_way)

    async def _ship(self) -> bool:
        """Put the next batch under way; False where it has to wait for those under way on another producer."""
        producer = await self._supply.get()
        if self._under_way and self._under_way[-1].producer is not producer:
            return False
        batch = producer.create_batch()
        try:
            records = self._fill(batch)
        except Exception as error:  # for instance a value that is no bytes
            if not self._under_way:
                self._refuse_first(error)
            return not self._under_way
        topic, number = self._partition
        while True:
            try:
                delivery = await producer.send_batch(batch, topic, partition=number)
                break
            except kafka.KafkaTimeoutError:
                continue  # the batch before it is still queued, since the broker is away
            except (kafka.KafkaError, OSError, TimeoutError, AssertionError) as error:
                # AssertionError: the partition is not in the producer's metadata yet
                delivery = asyncio.get_running_loop().create_future()
                delivery.set_exception(error)
                break
        delivery.add_done_callback(self._woken)
        self._under_way.append(_Shipment(delivery, records, producer))
        return True

    def _fill(self, batch: Any) -> list[Outgoing]:
        """Move as many of the waiting records into the batch as it takes; never none.

        Raises: whatever the first of them makes aiokafka raise.
        """
        now_ms = time.time_ns() // 1_000_000
        records: list[Outgoing] = []
        # Straight into the batch's builder: what `BatchBuilder.append` adds costs as much as the append itself.
        waiting, add, headers, keep = self.waiting, batch._builder.append, self._headers, records.append
        seen: Headers = ()
        listed = headers[seen]
        for record in itertools.islice(waiting, self._most_records):
            if record[3] is not seen:
                seen, listed = record[3], headers[record[3]]
            try:
                if add(len(records), now_ms, record[1], record[2], listed) is None:
                    batch.close()
                    break
            except Exception:
                if not records:
                    raise
                break
            keep(record)
        batch._relative_offset = len(records)
        for _ in records:
            waiting.popleft()
        self._left += len(records)
        return records

    def _woken(self, delivery: "asyncio.Future[Any]") -> None:
        self._wake.set()

    async def _settle(self, shipment: _Shipment) -> None:
        error = shipment.delivery.exception()
        if error is None:
            self._outage.over()
            self._proven = shipment.producer
            self._waits = backoff_s()
            self._count_off(len(shipment.records))
            return
        await self._take_back(shipment)
        self._supply.discard(shipment.producer)
        fault = meaning(error, f"appending to {self._partition.topic}-{self._partition.partition}")
        if isinstance(fault, RecordRefused) or isinstance(error, kafka.UnknownError):
            self._narrow_down(len(shipment.records), fault)
        elif not isinstance(error, kafka.ProducerClosed):  # closed: another partition has discarded it
            self._outage.begun(str(fault))
            await asyncio.sleep(next(self._waits))

    async def _take_back(self, failed: _Shipment) -> None:
        """Put what is under way back in front, in order; the broker refuses what follows a failed batch."""
        later = list(self._under_way)
        if later:
            await asyncio.wait([shipment.delivery for shipment in later])
        self._under_way.clear()
        for shipment in reversed([failed, *later]):
            shipment.delivery.exception()
            self.waiting.extendleft(reversed(shipment.records))
            self._left -= len(shipment.records)

    def _narrow_down(self, refused: int, fault: Exception) -> None:
        """After a refusal of `refused` records: ship halves until one record stands alone, and refuse that one's call.

        The other records of its call are appended all the same.
        """
        if refused > 1:
            self._most_records, self._suspects = refused // 2, refused
            return
        self._most_records = None
        self._refuse_first(fault if isinstance(fault, RecordRefused) else RecordRefused(str(fault)))

    def _refuse_first(self, error: Exception) -> None:
        """Drop the first waiting record, with nothing under way before it, and end its call with the error."""
        self.waiting.popleft()
        self._left += 1
        self._marks[0][1].refused(error)
        self._count_off(1)

    def _count_off(self, records: int) -> None:
        self._acknowledged += records
        if self._most_records is not None:
            self._suspects -= records
            if self._suspects <= 0:
                self._most_records = None
        marks = self._marks
        while marks and marks[0][0] <= self._acknowledged:
            marks.popleft()[1].shipped()
