"""The case desk as a service: `city.events` into cases, cases onto `city.cases`.

city.events ──▶ Intake ──▶ store (cases, outbox, the place in city.events: one transaction) ──▶ CasePublisher ──▶ city.cases
"""

import asyncio
from collections.abc import Callable
from operator import itemgetter
from typing import Final

import structlog

from cases.desk.publication import CasePublisher
from cases.intake import Intake, PublishedEvent, held_events, read_cloud_event
from cases.storage import CaseStore
from domain.errors import TransientFault
from domain.retry import kept_running
from domain.topics import Topics
from streams.ports import Batch, Log, Record, TopicPartition

_log = structlog.get_logger()
_READ_TIMEOUT_S: Final = 0.2
_BATCH: Final = 500

Clock = Callable[[], int]


class CaseDesk:
    """One desk for one platform. It resumes from what its own transactions stored, and from nothing else.

    `clock` is ours, epoch ms; where time is simulated (`clock` None) it is that of the newest event, so holds end when the
    next event comes. Delivery: an event that is read again changes nothing.
    """

    def __init__(self, store: CaseStore, intake: Intake, log: Log, topics: Topics, clock: Clock | None) -> None:
        self._store = store
        self._intake = intake
        self._log = log
        self._topics = topics
        self._follower = f"{topics.prefix}desk"
        self._clock = clock
        self._newest_ms = 0
        self._publisher = CasePublisher(store, log, topics)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the events until `stop` is set. Waits out a log or a database that is away."""
        try:
            await kept_running(lambda: self._follow(stop), stop, _log_wait)
        finally:
            await self._publisher.close()

    async def _follow(self, stop: asyncio.Event) -> None:
        await self._publisher.close()  # what is left of a try before this one
        bounds = await self._log.bounds([self._topics.events])
        reader = await self._log.reader([self._topics.events], partitions=sorted(bounds))
        try:
            reached = await asyncio.to_thread(self._reached)
            reader.seek(
                {
                    place: place_in(first, end, reached.get((place.topic, place.partition), 0))
                    for place, (first, end) in bounds.items()
                }
            )
            await self._publisher.publish_pending()
            while not stop.is_set():
                batch = await reader.read(_READ_TIMEOUT_S, _BATCH)
                await asyncio.to_thread(self._take_in, batch)
                await self._publisher.publish_pending()
        finally:
            await reader.close()

    def _reached(self) -> dict[tuple[str, int], int]:
        """The places that were committed with the cases; what the log dropped meanwhile is gone."""
        with self._store.transaction() as transaction:
            return transaction.positions(self._follower)

    def _take_in(self, batch: Batch) -> None:
        found = in_published_order(batch)
        self._newest_ms = max(self._newest_ms, *(published.at_ms for published in found), 0)
        now_ms = self._newest_ms if self._clock is None else self._clock()
        reached: dict[tuple[str, int], int] = {
            place: records[-1].offset + 1 for place, records in batch.items() if records
        }
        if not reached and not self._is_due(now_ms):
            return
        with self._store.transaction() as transaction:
            for published in found:
                self._intake.take_in(transaction, published, now_ms)
            self._intake.release(transaction, now_ms)
            transaction.commit_positions(self._follower, reached)

    def _is_due(self, now_ms: int) -> bool:
        with self._store.database.reading() as connection:
            return bool(held_events.due(connection, now_ms))


def place_in(first: int, end: int, reached: int) -> int:
    """Where to read on; a log that ends before what was reached is another one, and is read from its beginning."""
    return reached if first <= reached <= end else first


def in_published_order(batch: Batch) -> list[PublishedEvent]:
    """The events of the records, merged by the log's clock; within a partition in the order in which they stand there."""
    found: list[tuple[int, TopicPartition, int, PublishedEvent]] = []
    for place, records in batch.items():
        latest_ms = 0
        for record in records:
            if (event := _read(record)) is not None:
                latest_ms = max(latest_ms, event.at_ms)
                found.append((latest_ms, place, record.offset, event))
    return [event for *_, event in sorted(found, key=itemgetter(0, 1, 2))]


def _read(record: Record) -> PublishedEvent | None:
    """The event of a record; one that cannot be read is named on the log, and left."""
    try:
        return read_cloud_event(record)
    except ValueError as error:
        _log.error("an event that cannot be read makes no case", error=str(error))
        return None


def _log_wait(fault: TransientFault, wait_s: float) -> None:
    _log.warning("the case desk waits", error=str(fault), again_in_s=round(wait_s, 1))
