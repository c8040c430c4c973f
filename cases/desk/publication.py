"""From the outbox to `city.cases`: every revision of every case once, in order, as CloudEvents.

cases_history, unpublished ──▶ one transaction of the log: records + the sequence reached ──▶ marked as published
A crash behind the arrow in the middle is seen by the sequence that the log keeps, so no revision is published twice.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from cases.storage import CaseStore, Publication
from domain.cloud_events import CloudEventWriter
from domain.errors import Fenced, TransientFault
from domain.topics import Topics
from streams.ports import Committed, Log, Outgoing, TopicPartition, TransactionalWriter

SOURCE: Final = "/urbansense/cases"
_CLOUD_EVENTS: Final = CloudEventWriter(SOURCE, "case", "case/1")
_BATCH: Final = 500
_TRIES_WHEN_FENCED: Final = 10


class CasePublisher:
    """Publishes one store to one log. Use from one task; a publisher that is opened later fences this one."""

    def __init__(self, store: CaseStore, log: Log, topics: Topics) -> None:
        self._store = store
        self._log = log
        self._topic = topics.cases
        self._group = f"{topics.prefix}cases"
        self._place = TopicPartition(self._topic, 0)
        self._writer: TransactionalWriter | None = None
        self._reached = 0

    async def publish_pending(self) -> int:
        """How many revisions were published: all that were pending. Raises: TransientFault (the rest stays pending)."""
        for _ in range(_TRIES_WHEN_FENCED):
            try:
                return await self._publish()
            except Fenced:
                await self.close()
            except TransientFault:
                await self.close()
                raise
        raise TransientFault(f"another desk took {self._topic} over {_TRIES_WHEN_FENCED} times; stop one of them")

    async def close(self) -> None:
        """Let the writer go. May be called twice; publishing afterwards opens another."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()

    async def _publish(self) -> int:
        published = 0
        while pending := await asyncio.to_thread(self._store.pending, _BATCH):
            if self._writer is None:
                await self._open()
                continue
            await self._write(self._writer, [one for one in pending if one.sequence > self._reached])
            await asyncio.to_thread(self._store.mark_published, pending)
            published += len(pending)
        return published

    async def _open(self) -> None:
        """The writer first, so that nobody else can move the place that is read then.

        A place that names a revision which this store does not have there is that of another store, or of this one before
        it was restored: it shows nothing of what this one has published.
        """
        self._writer = await self._log.writer(self._group)
        place = (await self._log.committed(self._group, [self._place])).get(self._place)
        named = None if place is None else await asyncio.to_thread(self._store.revision_at, place.offset)
        self._reached = place.offset if place is not None and named == place.metadata else 0

    async def _write(self, writer: TransactionalWriter, publications: Sequence[Publication]) -> None:
        if not publications:
            return
        reached = publications[-1].sequence
        records = [case_record(self._topic, one) for one in publications]
        place = Committed(reached, publications[-1].name)
        await writer.commit(records, self._group, {self._place: place})
        self._reached = reached


def case_record(topic: str, publication: Publication) -> Outgoing:
    """One revision of a case as a CloudEvent; key and subject are the case's id.

    Time: `ce_time` is when it was done, by our clock.
    """
    subject = str(publication.case_id).encode()
    headers = _CLOUD_EVENTS.headers(publication.name, publication.transition, subject, publication.at_ms)
    return Outgoing(topic, subject, publication.body, headers)
