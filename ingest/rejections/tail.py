"""How much of each device was refused lately, from the end of `telemetry.rejected`."""

import asyncio
from collections import deque
from typing import Final

import orjson

from domain.rejections import RejectionCount
from domain.topics import Topics
from streams.ports import Log, TopicPartition
from streams.reading.tables import read_between
from streams.routing.partitioning import partition_of

_MOST_REMEMBERED: Final = 20_000


class RejectedTail:
    """Reads what is new each time it is asked, only of the partition that the device's refusals stand in.

    At most the newest 20,000 refusals of a partition are remembered: enough for a rate, never a burden.
    """

    def __init__(self, log: Log, topics: Topics) -> None:
        self._log = log
        self._topics = topics
        self._next_offsets: dict[int, int] = {}
        self._refusals: dict[int, deque[tuple[str, int, bool, int]]] = {}
        self._turn = asyncio.Lock()

    async def count(self, device_id: str, from_ms: int) -> RejectionCount:
        """What was refused of the device since `from_ms`, by the time of reception. Raises: TransientFault."""
        partition = partition_of(device_id.encode(), self._topics.partitions)
        async with self._turn:
            await self._read_on(partition)
        counts = {False: 0, True: 0}
        for name, at_ms, partly, count in self._refusals[partition]:
            if name == device_id and at_ms >= from_ms:
                counts[partly] += count
        return RejectionCount(whole=counts[False], in_part=counts[True])

    async def _read_on(self, partition: int) -> None:
        refusals = self._refusals.setdefault(partition, deque(maxlen=_MOST_REMEMBERED))
        place = TopicPartition(self._topics.rejected, partition)
        first, end = (await self._log.bounds([self._topics.rejected]))[place]
        start = max(first, self._next_offsets.get(partition, 0), end - _MOST_REMEMBERED)
        async for record in read_between(self._log, {place: (start, end)}):
            try:
                rejected = orjson.loads(record.value or b"")
                refusals.append(
                    (
                        rejected.get("device_id", ""),
                        rejected["received_at_ms"],
                        bool(rejected.get("partial")),
                        rejected.get("count", 1),
                    )
                )
            except (ValueError, KeyError, AttributeError):
                continue
        self._next_offsets[partition] = end
