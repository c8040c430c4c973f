"""The transactional writer of the embedded log."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from domain.errors import Fenced, TransientFault
from streams.limits import check_metadata
from streams.ports import Committed, Outgoing, TopicPartition

if TYPE_CHECKING:
    from streams.embedded import EmbeddedLog


class EmbeddedWriter:
    """See `streams.ports.TransactionalWriter`. In one process the newest object under an id is its holder."""

    def __init__(self, log: "EmbeddedLog", transactional_id: str) -> None:
        self.transactional_id = transactional_id
        self._log = log
        self._closed = False

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        if not self._log.holds(self):
            raise Fenced(f"transactional id {self.transactional_id} has a newer holder")
        if self._closed:
            raise TransientFault(f"the writer of {self.transactional_id} is closed")
        check_metadata(offsets)
        await self._log.move_places(group, offsets, records)

    async def close(self) -> None:
        self._closed = True
