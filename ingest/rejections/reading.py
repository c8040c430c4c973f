"""The rejections on the log, one by one; marks of replays among them are passed over."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import structlog

from domain.rejections import Rejection
from domain.topics import is_replay_mark
from ingest.pipeline.rejection_records import decode_rejection
from ingest.rejections.places import Place
from streams.ports import Log, TopicPartition
from streams.reading.tables import read_to_end

_log = structlog.get_logger()


class Found(NamedTuple):
    """A rejection, where it stands, and under which key."""

    place: Place
    key: bytes | None
    rejection: Rejection


async def read_rejections(
    log: Log, topic: str, partitions: Sequence[TopicPartition] | None = None
) -> AsyncIterator[Found]:
    """Every rejection that stood in the topic (or just those partitions) when the call began, by offset per partition."""
    async for record in read_to_end(log, [topic], partitions):
        if is_replay_mark(record.headers):
            continue
        place = Place(record.partition, record.offset)
        try:
            rejection = decode_rejection(record.value or b"")
        except ValueError as error:
            _log.warning("a record of telemetry.rejected is no rejection", record=place.worded(topic), error=str(error))
            continue
        yield Found(place, record.key, rejection)
