"""Reading from Kafka: committed transactions only, alone or as a member of a group."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaTopicPartition
from aiokafka import errors as kafka
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.structs import OffsetAndMetadata

from domain.errors import Fenced, TransientFault
from domain.retry import backoff_s
from streams.kafka.admin import KafkaAdmin
from streams.kafka.faults import BrokerOutage, kafka_errors, until_answered
from streams.kafka.rebalance import AssignmentChange, Handover
from streams.limits.records import check_metadata
from streams.ports import Batch, Committed, Start, TopicPartition
from streams.routing.subscription import Subscription

_LOG = structlog.get_logger()
_STOPPING_PATIENCE_S: Final = 5.0


class KafkaReader:
    """One consumer; see `streams.ports.LogReader`. Listeners run inside `read`, in the reading task.

    Positions are always set from our own requests, never by aiokafka's automatic reset (see `KafkaAdmin`).
    """

    def __init__(self, servers: list[str], client_id: str, subscription: Subscription, admin: KafkaAdmin) -> None:
        self._servers, self._client_id = servers, client_id
        self._subscription = subscription
        self._admin = admin
        self._handover = Handover()
        self._consumer: Any = None
        self._positions: dict[TopicPartition, int] = {}
        """The last known of each assigned partition."""
        self._settled = False
        self._outage = BrokerOutage("reading")

    async def open(self) -> "KafkaReader":
        """Connect and, unless the group shares the partitions, stand where reading begins. Waits out a broker."""
        self._consumer = await until_answered("opening a reader", self._start)
        if self._subscription.partitions is not None:
            await self._stand(self._subscription.partitions)
        return self

    async def read(self, timeout_s: float, max_records: int = 5000) -> Batch:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            await self._take_note()
            left_s = max(0.0, deadline - loop.time())
            batch: Batch = {}
            if self._settled:
                batch = await self._fetch(left_s, max_records)
            else:
                await self._handover.wait_change(left_s)
            if batch or (self._handover.pending is None and loop.time() >= deadline):
                await asyncio.sleep(0)  # a reader that never has to wait must not starve the others
                return batch

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        strangers = sorted(set(offsets) - set(self._positions))
        if strangers:
            raise ValueError(f"not assigned to this reader: {strangers}")
        for tp, offset in offsets.items():
            self._consumer.seek(KafkaTopicPartition(*tp), offset)
            self._positions[tp] = offset

    def position(self, partition: TopicPartition) -> int:
        known = self._positions[partition]
        assignment = self._consumer._subscription.subscription.assignment  # the public `position` is a coroutine
        state = None if assignment is None else assignment.state_value(partition)
        if state is not None and state.has_valid_position:
            known = self._positions[partition] = state.position
        return known

    async def commit(self, positions: Mapping[TopicPartition, Committed]) -> None:
        group = self._subscription.group
        if group is None:
            raise ValueError("a reader without a group has no place to keep")
        check_metadata(positions)
        strangers = sorted(set(positions) - set(self._positions))
        if strangers:
            raise Fenced(f"{strangers} now belong to another member of {group}")
        places = {KafkaTopicPartition(*tp): OffsetAndMetadata(*place) for tp, place in positions.items()}
        try:
            with kafka_errors(f"keeping the place of {group}"):
                await self._consumer.commit(places)
        except TransientFault as fault:
            if isinstance(fault.__cause__, kafka.IllegalStateError):
                raise Fenced(str(fault)) from fault
            raise

    async def close(self) -> None:
        self._handover.close()
        await self._stop()

    async def _start(self) -> Any:
        group = self._subscription.group
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            client_id=self._client_id,
            group_id=group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # only for a position that retention has overtaken
            partition_assignment_strategy=(RangePartitionAssignor,),
            heartbeat_interval_ms=1_000,
            session_timeout_ms=10_000,
            rebalance_timeout_ms=60_000,
            fetch_max_wait_ms=200,
        )
        try:
            await consumer.start()
            if self._subscription.partitions is None:
                consumer.subscribe(list(self._subscription.topics), listener=self._handover)
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _stop(self) -> None:
        # In a task of its own: with its broker away, aiokafka 0.14 lets a CancelledError meant for its fetches out.
        stopping = asyncio.create_task(self._consumer.stop())
        await asyncio.wait({stopping}, timeout=_STOPPING_PATIENCE_S)
        if not stopping.done() or stopping.cancelled() or stopping.exception() is not None:
            stopping.cancel()
            await self._consumer._client.close()

    async def _stand(self, partitions: Collection[TopicPartition]) -> None:
        """Take up these partitions at the group's places, or else where the subscription starts."""
        _, group, start, mine, *_ = self._subscription
        places = await self._admin.committed(group, partitions) if group is not None else {}
        new = [tp for tp in partitions if tp not in places]
        bounds = await self._admin.bounds(new) if new else {}
        self._positions = {
            tp: places[tp].offset if tp in places else bounds[tp][start == Start.LATEST] for tp in partitions
        }
        if mine is not None:
            self._consumer.assign([KafkaTopicPartition(*tp) for tp in partitions])
        for tp, offset in self._positions.items():
            self._consumer.seek(KafkaTopicPartition(*tp), offset)
        self._settled = True

    async def _take_note(self) -> None:
        """Deal with what the rebalance has handed over, and let it go on."""
        while (pending := self._handover.pending) is not None:
            change, partitions = pending
            try:
                if change is AssignmentChange.REVOKED:
                    await self._give_up()
                else:
                    await self._stand(partitions)
                    if self._subscription.on_assigned is not None:
                        await self._subscription.on_assigned(partitions)
            finally:
                self._handover.note()

    async def _give_up(self) -> None:
        held = frozenset(self._positions)
        self._settled = False
        try:
            if held and self._subscription.on_revoked is not None:
                await self._subscription.on_revoked(held)
        except Fenced as error:
            _LOG.warning("partitions lost before they were handed over", error=str(error))
        finally:
            self._positions = {}

    async def _fetch(self, timeout_s: float, max_records: int) -> Batch:
        """What has come by then, or nothing if a rebalance cuts in."""
        try:
            with kafka_errors("reading"):
                # During a rebalance getmany waits for its end, whatever its timeout: hence the scope.
                async with asyncio.timeout(timeout_s + 1.0) as scope:
                    self._handover.interrupts(scope)
                    if self._handover.pending is None:
                        batch: Batch = await self._consumer.getmany(
                            timeout_ms=int(timeout_s * 1000), max_records=max_records
                        )
                        self._outage.over()
                        return batch
        except TransientFault as fault:
            if not isinstance(fault.__cause__, TimeoutError):
                await self._reopen(fault)
        finally:
            self._handover.interrupts(None)
        return {}

    async def _reopen(self, fault: TransientFault) -> None:
        """A consumer that failed is replaced; a group member begins anew, others stand where they were."""
        self._outage.begun(str(fault))
        if self._subscription.partitions is None:
            await self._give_up()
        here = {tp: self.position(tp) for tp in self._positions}
        self._handover.close()
        await self._stop()
        await asyncio.sleep(next(backoff_s(first_s=1.0)))
        self._handover = Handover()
        self._consumer = await until_answered("opening a reader", self._start)
        if here:
            self._consumer.assign([KafkaTopicPartition(*tp) for tp in here])
            self.seek(here)
