"""Why a message, a report or a reading was refused, and the record that keeps it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NotRequired

from typing_extensions import TypedDict


class Reason(StrEnum):
    """The closed set of reasons in `telemetry.rejected`."""

    UNPARSEABLE = "unparseable"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_KIND = "wrong_kind"
    UNKNOWN_QUANTITY = "unknown_quantity"
    BAD_VALUE = "bad_value"
    BAD_TIME = "bad_time"
    TOO_LARGE = "too_large"
    BAD_CHECKSUM = "bad_checksum"
    UNAUTHORISED = "unauthorised"
    STORE_REFUSED = "store_refused"
    OVER_QUOTA = "over_quota"
    RETAINED = "retained"


class Rejection(TypedDict):
    """One record of `telemetry.rejected`.

    Shape: `payload` is the original message in base64 (a whole batch, if the report came in one), so it can be replayed.
    Delivery: `partial` means the report itself was accepted and only some readings were left out; such records stand
    outside the ledger's sum. `truncated` means the payload was too long to be kept whole, or stands whole in an earlier
    rejection of the same message; such a record cannot be replayed. `count` is how many reports the record stands for, one
    where it is absent: then it is `truncated` too, and `detail` and `payload` are those of the first of them.
    `retained` means that the message came out of the broker's store.
    """

    reason: Reason
    detail: str
    topic: str
    payload: str
    received_at_ms: int
    device_id: NotRequired[str]
    content_type: NotRequired[str]
    partial: NotRequired[bool]
    truncated: NotRequired[bool]
    replay_of: NotRequired[str]
    count: NotRequired[int]
    retained: NotRequired[bool]


class Outcome(StrEnum):
    """What became of a rejected message that was put through again."""

    ACCEPTED = "accepted"
    IN_PART = "in_part"
    REJECTED = "rejected"


class ReplayMark(TypedDict):
    """A record of `telemetry.rejected`, too, header `type: replay`: the rejection at `replay_of` is settled.

    Shape: `replay_of` is that rejection's place, `topic/partition/offset`; the mark stands in the same partition, later.
    Delivery: in one transaction with all that the replay wrote. What was refused again, or in part, is a rejection of its
    own whose `replay_of` is the same place.
    """

    replay_of: str
    outcome: Outcome
    replayed_at_ms: int


@dataclass(frozen=True, slots=True)
class RejectionCount:
    """Refused since an instant: `whole` messages or reports, and reports accepted `in_part`; the newest of them.

    What a replay has accepted since then is not counted any more, and what it refused again only once.
    """

    whole: int = 0
    in_part: int = 0
    last_ms: int | None = None
    last_reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What trying rejected messages again did; `problems` name those that cannot be replayed, or were refused again.

    `already` counts those asked for that had been settled by an earlier replay: nothing was done about them.
    """

    replayed: int
    accepted: int
    problems: tuple[str, ...] = ()
    rejected: int = 0
    already: int = 0
