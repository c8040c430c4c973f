"""Clock records on `rules.raised`: how far a partition has come, so that the correlation stage knows what is settled."""

from collections.abc import Sequence
from typing import Final

import orjson
from typing_extensions import TypedDict

from domain.topics import Headers, header

CLOCK_TYPE: Final = b"clock"
_HEADERS: Final[Headers] = (("schema", b"clock/1"), ("type", CLOCK_TYPE))


class Clock(TypedDict):
    """Everything observed in a partition up to `now_ms` stands before this record, but for what comes late."""

    partition: int
    now_ms: int


def encode_clock(partition: int, now_ms: int) -> tuple[bytes, Headers]:
    """The value and headers of a clock record."""
    return orjson.dumps(Clock(partition=partition, now_ms=now_ms)), _HEADERS


def read_clock(value: bytes) -> tuple[int, int]:
    """The partition and `now_ms` in a record's value. Raises: ValueError where it is no clock."""
    match orjson.loads(value):
        case {"partition": int(partition), "now_ms": int(now_ms)}:
            return partition, now_ms
    raise ValueError("a clock has the whole numbers partition and now_ms")


def is_clock(headers: Sequence[tuple[str, bytes]]) -> bool:
    """Whether a record of `rules.raised` is a clock and no event."""
    return header(headers, "type") == CLOCK_TYPE
