"""What the registry holds, brought to `registry.devices`: every change, also after a crash between the two.

    table row, version 7, published 6 ──▶ record on the topic ──▶ published 7
A crash behind the second arrow publishes the same record once more, which changes nothing for a reader.

Two publishers at once would be a danger: one stalls with version 6 in hand, the other brings 7, the first wakes up and
lays 6 on top. So whoever publishes does it through the log's transactional writer, opened before the rows are read: the
writer opened last fences the others, who then hold nothing old that could still be written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from device_registry.publication.outage import logged_outage
from device_registry.publication.verification import Verification, compared, fingerprints_on_topic
from device_registry.storage.registry import Registry
from domain.errors import Fenced, TransientFault
from domain.retry import pause
from domain.topics import Topics
from streams.ports import Log, Outgoing, TransactionalWriter
from streams.reading.tables import read_to_end

_T = TypeVar("_T")
_BATCH: Final = 1000
_TRIES_WHEN_FENCED: Final = 10


class RegistryPublisher:
    """Publishes one registry to one log. Any number of tasks may ask one publisher, and any number of processes run one.

    Two publishers in one process work too, but each take-over costs a new writer: better to share one.
    """

    def __init__(self, registry: Registry, log: Log, topics: Topics, poll_s: float = 0.5) -> None:
        self._registry = registry
        self._log = log
        self._topic = topics.registry
        self._identity = f"{topics.prefix}registry"
        self._poll_s = poll_s
        self._writer: TransactionalWriter | None = None
        self._turn = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish what is pending, and every change within about `poll_s`, until `stop` is set."""
        outage, is_checked = logged_outage(f"publishing {self._topic}"), False
        try:
            while not stop.is_set():
                try:
                    if not is_checked:
                        await self._publish_all_to_a_new_log()
                        is_checked = True
                    await self.publish_pending()
                    outage.end()
                    await pause(stop, self._poll_s)
                except TransientFault as fault:
                    await outage.wait(fault, stop)
        finally:
            await self.close()

    async def _publish_all_to_a_new_log(self) -> None:
        """A topic on which nothing ever stood, as after the log was lost, gets everything, published before or not."""
        if not any(end for _, end in (await self._log.bounds([self._topic])).values()):
            await asyncio.to_thread(self._registry.mark_all_unpublished)

    async def publish_pending(self) -> int:
        """How many records were published: all that were pending when the call began, and perhaps later ones.

        Delivery: at least once; of one key in the order of versions. Raises: TransientFault (the rest stays pending).
        """
        return await self._unless_fenced(self._publish_pending)

    async def rebuild(self) -> int:
        """How many records were published: the whole registry again, and a tombstone for all else on the topic.

        Raises: TransientFault, after which it may be called again.
        """
        return await self._unless_fenced(self._rebuild)

    async def verify(self, *, repair: bool = False) -> Verification:
        """Whether the topic holds what the tables hold, once everything pending is published; `repair` makes it so.

        Other publishers are kept out meanwhile. Raises: TransientFault, after which it may be called again.
        """
        return await self._unless_fenced(lambda: self._verify(repair))

    async def close(self) -> None:
        """Let the writer go. May be called twice; publishing afterwards opens another."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()

    async def _unless_fenced(self, publish: Callable[[], Awaitable[_T]]) -> _T:
        for _ in range(_TRIES_WHEN_FENCED):
            async with self._turn:
                try:
                    return await publish()
                except Fenced:
                    await self.close()
                except TransientFault:
                    await self.close()
                    raise
        raise TransientFault(f"other publishers took {self._topic} over {_TRIES_WHEN_FENCED} times; is one restarting?")

    async def _publish_pending(self) -> int:
        published = 0
        while await asyncio.to_thread(self._registry.pending, 1):
            writer = await self._open()
            pending = await asyncio.to_thread(self._registry.pending, _BATCH)
            await self._commit(writer, [Outgoing(self._topic, one.key, one.value, one.headers) for one in pending])
            await asyncio.to_thread(self._registry.mark_published, pending)
            published += len(pending)
        return published

    async def _rebuild(self) -> int:
        writer = await self._open()
        standing = await self._keys_on_topic()
        belonging = await asyncio.to_thread(self._registry.mark_all_unpublished)
        strays = sorted(standing - belonging)
        await self._remove(writer, strays)
        return len(strays) + await self._publish_pending()

    async def _verify(self, repair: bool) -> Verification:
        writer = await self._open()
        published = await self._publish_pending()
        standing = await fingerprints_on_topic(self._log, self._topic)
        held, pending = await asyncio.to_thread(self._registry.fingerprints)
        found = compared(standing, held, pending, published)
        if not repair or found.agrees:
            return found
        await self._remove(writer, found.strays)
        await asyncio.to_thread(self._registry.mark_unpublished, {*found.missing, *found.different})
        return replace(found, repaired=len(found.strays) + await self._publish_pending())

    async def _remove(self, writer: TransactionalWriter, keys: Sequence[bytes]) -> None:
        for start in range(0, len(keys), _BATCH):
            await self._commit(writer, [Outgoing(self._topic, key, None) for key in keys[start : start + _BATCH]])

    async def _open(self) -> TransactionalWriter:
        if self._writer is None:
            self._writer = await self._log.writer(self._identity)
        return self._writer

    async def _commit(self, writer: TransactionalWriter, records: Sequence[Outgoing]) -> None:
        await writer.commit(records, self._identity, {})

    async def _keys_on_topic(self) -> set[bytes]:
        keys: set[bytes] = set()
        async for record in read_to_end(self._log, [self._topic]):
            if record.key is not None:
                (keys.discard if record.value is None else keys.add)(record.key)
        return keys


async def publish_pending(registry: Registry, log: Log, topics: Topics) -> int:
    """How many records were published: `RegistryPublisher.publish_pending`, once. Raises: TransientFault."""
    publisher = RegistryPublisher(registry, log, topics)
    try:
        return await publisher.publish_pending()
    finally:
        await publisher.close()


async def rebuild(registry: Registry, log: Log, topics: Topics) -> int:
    """How many records were published: `RegistryPublisher.rebuild`, once. Raises: TransientFault."""
    publisher = RegistryPublisher(registry, log, topics)
    try:
        return await publisher.rebuild()
    finally:
        await publisher.close()
