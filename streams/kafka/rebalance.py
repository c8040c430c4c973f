"""Between aiokafka's coordination task, which rebalances in the background, and the one task that reads."""

import asyncio
from collections.abc import Iterable
from enum import Enum

from aiokafka import ConsumerRebalanceListener

from streams.ports import TopicPartition


class AssignmentChange(Enum):
    """What happens to the assignment."""

    REVOKED = "revoked"
    ASSIGNED = "assigned"


class Handover(ConsumerRebalanceListener):  # type: ignore[misc]
    """Holds a rebalance up until the reading task has taken note of it, inside `read`.

    So a reader's own code never runs beside its listeners, and while `on_revoked` runs the old assignment still holds.
    The broker's rebalance timeout bounds how long the group waits for a reader that does not read.
    """

    def __init__(self) -> None:
        self.pending: tuple[AssignmentChange, frozenset[TopicPartition]] | None = None
        self._noted: asyncio.Future[None] | None = None
        self._changed = asyncio.Event()
        self._interrupt: asyncio.Timeout | None = None
        self._closed = False

    async def on_partitions_revoked(self, revoked: Iterable[tuple[str, int]]) -> None:
        await self._hand_over(AssignmentChange.REVOKED, revoked)

    async def on_partitions_assigned(self, assigned: Iterable[tuple[str, int]]) -> None:
        await self._hand_over(AssignmentChange.ASSIGNED, assigned)

    def note(self) -> None:
        """The reading task has dealt with `pending`; the rebalance goes on."""
        self.pending = None
        self._changed.clear()
        if self._noted is not None and not self._noted.done():
            self._noted.set_result(None)

    async def wait_change(self, timeout_s: float) -> None:
        """Until there is something pending, or the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    def interrupts(self, scope: asyncio.Timeout | None) -> None:
        """End this scope at once when something becomes pending."""
        self._interrupt = scope

    def close(self) -> None:
        self._closed = True
        self.note()

    async def _hand_over(self, change: AssignmentChange, partitions: Iterable[tuple[str, int]]) -> None:
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        self._noted = loop.create_future()
        self.pending = (change, frozenset(TopicPartition(*tp) for tp in partitions))
        self._changed.set()
        if self._interrupt is not None and not self._interrupt.expired():
            self._interrupt.reschedule(loop.time())
        await self._noted
