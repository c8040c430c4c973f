"""How much of each device was refused lately, from the end of `telemetry.rejected`."""

import asyncio
from dataclasses import dataclass
from typing import Final

from domain.rejections import Outcome, Reason, RejectionCount
from domain.topics import Topics, is_replay_mark
from ingest.pipeline.rejection_records import decode_rejection
from ingest.rejections.marks import decode_mark
from ingest.rejections.places import place_of
from streams.ports import Log, Record, TopicPartition
from streams.reading.tables import read_between
from streams.routing.partitioning import partition_of

_MOST_REMEMBERED: Final = 20_000


@dataclass(slots=True)
class _Refusal:
    device_id: str
    at_ms: int
    reason: Reason
    partly: bool
    count: int


class RejectedTail:
    """Reads what is new each time it is asked, only of the partition that the device's refusals stand in.

    At most the newest 20,000 refusals of a partition are remembered: enough for a rate, never a burden.
    """

    def __init__(self, log: Log, topics: Topics) -> None:
        self._log = log
        self._topics = topics
        self._next_offsets: dict[int, int] = {}
        self._refusals: dict[int, dict[int, _Refusal]] = {}
        self._turn = asyncio.Lock()

    async def count(self, device_id: str, from_ms: int) -> RejectionCount:
        """What was refused of the device since `from_ms`, by the time of reception. Raises: TransientFault."""
        partition = partition_of(device_id.encode(), self._topics.partitions)
        async with self._turn:
            await self._read_on(partition)
        found = self._refusals[partition].values()
        mine = [one for one in found if one.device_id == device_id and one.at_ms >= from_ms]
        newest = max(mine, key=lambda one: one.at_ms, default=None)
        return RejectionCount(
            whole=sum(one.count for one in mine if not one.partly),
            in_part=sum(one.count for one in mine if one.partly),
            last_ms=newest.at_ms if newest else None,
            last_reason=newest.reason if newest else None,
        )

    async def _read_on(self, partition: int) -> None:
        refusals = self._refusals.setdefault(partition, {})
        place = TopicPartition(self._topics.rejected, partition)
        first, end = (await self._log.bounds([self._topics.rejected]))[place]
        start = max(first, self._next_offsets.get(partition, 0), end - _MOST_REMEMBERED)
        async for record in read_between(self._log, {place: (start, end)}):
            try:
                self._take(record, refusals)
            except ValueError:
                continue  # the readers of whole rejections report it
        self._next_offsets[partition] = end

    def _take(self, record: Record, refusals: dict[int, _Refusal]) -> None:
        """Raises: ValueError where the record is neither a rejection nor a mark."""
        if is_replay_mark(record.headers):
            mark = decode_mark(record.value or b"")
            place = place_of(mark["replay_of"], self._topics.rejected)
            replayed = refusals.get(place.offset) if place is not None else None
            if place is not None and replayed is not None and mark["outcome"] is Outcome.ACCEPTED:
                del refusals[place.offset]
            elif replayed is not None and mark["outcome"] is Outcome.IN_PART:
                replayed.partly = True
            return
        rejected = decode_rejection(record.value or b"")
        if "replay_of" in rejected:
            return  # of a message whose first refusal counts
        refusals[record.offset] = _Refusal(
            rejected.get("device_id", ""),
            rejected["received_at_ms"],
            rejected["reason"],
            rejected.get("partial", False),
            rejected.get("count", 1),
        )
        if len(refusals) > _MOST_REMEMBERED:
            del refusals[next(iter(refusals))]
