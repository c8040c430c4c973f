"""A refused message as the API lists it, and which of them are asked for."""

from dataclasses import dataclass
from enum import StrEnum

from domain.mqtt import takes_topic
from domain.rejections import Outcome, Reason, Rejection
from ingest.rejections.places import Place


class Standing(StrEnum):
    """Which rejections are meant: those that wait for somebody, those that a replay settled, or both."""

    OPEN = "open"
    REPLAYED = "replayed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """One refused message. `id` is its place on the log, `topic/partition/offset`.

    `count`: how many reports it stands for; where it is more than one, it shows the first of those that were only counted.
    `replay_of` is the rejection whose replay was refused here. `outcome` and `replayed_at_ms` are there once it was
    replayed itself, `rejected_as` then names the rejections that came of it.
    """

    id: str
    reason: Reason
    detail: str
    topic: str
    received_at_ms: int
    device_id: str | None = None
    partial: bool = False
    count: int = 1
    replay_of: str | None = None
    outcome: Outcome | None = None
    replayed_at_ms: int | None = None
    rejected_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectionQuery:
    """Which rejections are asked for; what is None is not looked at. `topic` is an MQTT filter, `+` and `#` included.

    Time: received in [from_ms, to_ms).
    """

    reason: Reason | None = None
    device_id: str | None = None
    topic: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    standing: Standing = Standing.OPEN

    def takes(self, rejection: Rejection, *, settled: bool) -> bool:
        """Whether it is meant."""
        at_ms = rejection["received_at_ms"]
        return (
            (self.reason is None or rejection["reason"] is self.reason)
            and (self.device_id is None or rejection.get("device_id") == self.device_id)
            and (self.from_ms is None or at_ms >= self.from_ms)
            and (self.to_ms is None or at_ms < self.to_ms)
            and (self.standing is Standing.ALL or settled == (self.standing is Standing.REPLAYED))
            and (self.topic is None or takes_topic(self.topic, rejection["topic"]))
        )


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """Newest first; `next` is the cursor of the page behind it, None on the last."""

    items: tuple[RejectedMessage, ...]
    next: str | None = None


def newest_first(received_at_ms: int, place: Place) -> tuple[int, int, int]:
    """The order of lists; the greatest comes first."""
    return received_at_ms, place.partition, place.offset
