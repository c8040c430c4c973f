"""What both adapters of the log refuse, so that a record that fits one fits the other."""

from collections.abc import Mapping
from typing import Final

from domain.errors import UrbansenseError
from streams.ports import Committed, TopicPartition

MAX_RECORD_BYTES: Final = 1_000_000
"""Key and value of one record together; Kafka's default `message.max.bytes` (1,048,588) less room for headers."""

MAX_METADATA_BYTES: Final = 3 * 1024
"""What a group may note with an offset; Kafka's default `offset.metadata.max.bytes` is 4,096."""


class RecordRefused(UrbansenseError):
    """A record that the log will never take as it is. Nothing is wrong with the log; the caller made the record."""


class RecordTooLarge(RecordRefused):
    """A record that the log cannot hold: refuse it (`too_large`) or split it."""


def too_large(topic: str, key: bytes | None, value: bytes | None) -> RecordTooLarge:
    """The error that names the record and the limit."""
    size = len(key or b"") + len(value or b"")
    return RecordTooLarge(
        f"a record of {size} bytes for {topic} (key {key!r:.80}) is above the log's limit of {MAX_RECORD_BYTES} bytes"
    )


def check_metadata(positions: Mapping[TopicPartition, Committed]) -> None:
    """Nothing, if every note fits. Raises: ValueError naming the partition whose metadata is too long."""
    for partition, place in positions.items():
        if len(place.metadata) > MAX_METADATA_BYTES // 4 and len(place.metadata.encode()) > MAX_METADATA_BYTES:
            raise ValueError(f"metadata for {partition.topic}-{partition.partition} is over {MAX_METADATA_BYTES} bytes")
