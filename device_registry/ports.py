"""What the registry needs of refused messages, which ingest keeps. Both are safe to use from many tasks of one loop."""

from collections.abc import Callable, Sequence
from typing import Protocol

from domain.rejections import Reason, Rejection, RejectionCount, Replay


class RefusalCounts(Protocol):
    """How much of each device was refused lately."""

    async def count(self, device_id: str, from_ms: int) -> RejectionCount:
        """What was refused of the device since `from_ms`, by the time of reception. Raises: TransientFault."""


class RefusedMessages(Protocol):
    """The messages that were refused, as long as the log keeps them."""

    async def places_of(self, reason: Reason, wanted: Callable[[Rejection], bool]) -> Sequence[str]:
        """Where the messages stand, each whole and once, of which a report that is `wanted` was refused."""

    async def replay(self, ids: Sequence[str], reason: Reason | None) -> Replay:
        """Put these through again. What was accepted the first time comes out as a duplicate."""
