"""The transactional writer of the embedded log."""

from collections.abc import Callable, Mapping, Sequence

from domain.errors import Fenced, TransientFault
from streams.limits.records import check_metadata
from streams.ports import Committed, Outgoing, TopicPartition
from streams.sqlite.contents import LogContents


class SQLiteWriter:
    """See `streams.ports.TransactionalWriter`. In one process the newest object under an id is its holder."""

    def __init__(self, contents: LogContents, transactional_id: str, holds: Callable[["SQLiteWriter"], bool]) -> None:
        self.transactional_id = transactional_id
        self._contents = contents
        self._holds = holds
        self._closed = False

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        if not self._holds(self):
            raise Fenced(f"transactional id {self.transactional_id} has a newer holder")
        if self._closed:
            raise TransientFault(f"the writer of {self.transactional_id} is closed")
        check_metadata(offsets)
        await self._contents.move_places(group, offsets, records)

    async def close(self) -> None:
        self._closed = True
