"""A refused message as the API lists it, and what can be done with those."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.rejections import Reason, Replay


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """One refused message. `id` is its place on the log, `topic/partition/offset`."""

    id: str
    reason: Reason
    detail: str
    topic: str
    received_at_ms: int
    device_id: str | None = None
    partial: bool = False


class RejectedMessages(Protocol):
    """What was refused, as long as the log keeps it."""

    async def list_rejected(self, reason: Reason | None, limit: int) -> Sequence[RejectedMessage]:
        """The newest so many, newest first."""

    async def replay(self, ids: Sequence[str], reason: Reason | None) -> Replay:
        """Put these through again (all without any id): what was accepted the first time comes out as a duplicate."""
