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


class Rejection(TypedDict):
    """One record of `telemetry.rejected`.

    Shape: `payload` is the original message in base64 (a whole batch, if the report came in one), so it can be replayed.
    Delivery: `partial` means the report itself was accepted and only some readings were left out; such records stand
    outside the ledger's sum. `truncated` means the payload was too long to be kept whole, or stands whole in an earlier
    rejection of the same message; such a record cannot be replayed. `count` is how many reports the record stands for, one
    where it is absent: then it is `truncated` too, and `detail` and `payload` are those of the first of them.
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


@dataclass(frozen=True, slots=True)
class RejectionCount:
    """Refused since an instant: `whole` messages or reports, and reports accepted `in_part`."""

    whole: int = 0
    in_part: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """What trying rejected messages again did; `problems` name those that cannot be replayed."""

    replayed: int
    accepted: int
    problems: tuple[str, ...] = ()
