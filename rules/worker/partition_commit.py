"""A partition in the hands of a worker: judging goes on while its last transaction is under way."""

import asyncio

from rules.worker.partition import Partition, PartitionChanges
from streams.ports import TransactionalWriter


class PartitionCommit:
    """A partition, its writer, and at most one transaction at a time.

    What was judged while a transaction failed is lost with it, which is right: nobody has seen it, and whoever takes the
    partition up resumes from what is committed.
    """

    def __init__(self, partition: Partition, writer: TransactionalWriter, group: str) -> None:
        self.partition = partition
        self.last_commit_s = asyncio.get_running_loop().time()
        self._writer = writer
        self._group = group
        self._under_way: asyncio.Task[PartitionChanges] | None = None

    @property
    def is_free(self) -> bool:
        """Whether the next transaction may begin."""
        return self._under_way is None

    def begin_commit(self) -> None:
        """Send what changed on its way; `check` returns how it went."""
        self.last_commit_s = asyncio.get_running_loop().time()
        self._under_way = asyncio.create_task(self._commit(self.partition.take_changes()))

    async def _commit(self, changes: PartitionChanges) -> PartitionChanges:
        await self._writer.commit(changes.records, self._group, changes.places)
        return changes

    def check(self) -> PartitionChanges | None:
        """What the transaction committed if one has just ended. Raises: what the writer raised."""
        task = self._under_way
        if task is None or not task.done():
            return None
        self._under_way = None
        return task.result()

    async def finish(self) -> list[PartitionChanges]:
        """Wait for the transaction under way, and commit what is left. Raises: what the writer raised."""
        committed = []
        for _ in range(2):
            if self._under_way is None and self.partition.is_changed:
                self.begin_commit()
            if self._under_way is not None:
                await asyncio.wait([self._under_way])
            if (changes := self.check()) is not None:
                committed.append(changes)
        return committed

    async def close(self) -> None:
        """Let go without committing anything more."""
        if self._under_way is not None:
            await asyncio.wait([self._under_way])
            self._under_way.exception()
        await self._writer.close()
