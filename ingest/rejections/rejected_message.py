"""A refused message as the API lists it."""

from dataclasses import dataclass

from domain.rejections import Reason


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """One refused message. `id` is its place on the log, `topic/partition/offset`.

    `count`: how many reports it stands for; where it is more than one, it shows the first of those that were only counted.
    """

    id: str
    reason: Reason
    detail: str
    topic: str
    received_at_ms: int
    device_id: str | None = None
    partial: bool = False
    count: int = 1
