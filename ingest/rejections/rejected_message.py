"""A refused message as the API lists it."""

from dataclasses import dataclass

from domain.rejections import Reason


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
