"""The ledger, computed from the log: what was accepted is counted on the topics themselves, by nobody's word.

accepted = telemetry records less ticks = stored + duplicate + refused + pending. The counts up to an offset are kept as a
group's place, so that a start continues the count instead of reading seven days again.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson
import structlog

from domain.ledger import StoreLedger
from domain.topics import Topics, is_tick
from ingest.pipeline.rejection_records import decode_rejection
from ingest.recorder.place import decode_sums, recorder_group, sum_up
from streams.ports import Committed, Log, Record, TopicPartition
from streams.reading.tables import read_between
from timeseries.ports import PartitionProgress, TelemetryWriter

_log = structlog.get_logger()


@dataclass
class LogCount:
    """How many reports, and rejections by reason, stand in the log since its beginning."""

    log: Log
    topics: Topics
    _places: dict[TopicPartition, int] = field(default_factory=dict)
    _counts: dict[TopicPartition, dict[str, int]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def group(self) -> str:
        return f"{self.topics.prefix}ledger"

    async def advance(self) -> Mapping[TopicPartition, int]:
        """Count on to the log's present end; that end by partition. Safe to call from several tasks."""
        async with self._lock:
            bounds = await self.log.bounds([*self.topics.all_telemetry, self.topics.rejected])
            if not self._places:
                await self._resume(sorted(bounds))
            for tp, (first, _) in bounds.items():
                if first > self._places.get(tp, 0) > 0:
                    _log.error("the log dropped records before they were counted", partition=tp, until=first)
            spans = {tp: (max(first, self._places.get(tp, 0)), end) for tp, (first, end) in bounds.items()}
            async for record in read_between(self.log, spans):
                self._count(record)
            moved = {tp for tp, (start, end) in spans.items() if end > start}
            self._places.update({tp: end for tp, (_, end) in bounds.items()})
            await self._keep(moved)
            return dict(self._places)

    @property
    def accepted(self) -> int:
        return sum(counts.get("report", 0) for counts in self._counts.values())

    def rejected(self, *, partial: bool) -> dict[str, int]:
        """Rejections by reason; `partial` ones left an accepted report behind."""
        total: dict[str, int] = {}
        for counts in self._counts.values():
            for name, count in counts.items():
                kind, _, reason = name.partition(":")
                if reason and (kind == "partial") == partial:
                    total[reason] = total.get(reason, 0) + count
        return dict(sorted(total.items()))

    async def _resume(self, partitions: list[TopicPartition]) -> None:
        for tp, place in (await self.log.committed(self.group, partitions)).items():
            self._places[tp] = place.offset
            self._counts[tp] = orjson.loads(place.metadata)

    def _count(self, record: Record) -> None:
        name, count = "report", 1
        if record.topic == self.topics.rejected:
            name, count = _rejection_counted(record.value or b"")
        elif is_tick(record.headers):
            return
        counts = self._counts.setdefault(TopicPartition(record.topic, record.partition), {})
        counts[name] = counts.get(name, 0) + count

    async def _keep(self, moved: Iterable[TopicPartition]) -> None:
        partitions = sorted(moved)
        if not partitions:
            return
        reader = await self.log.reader(sorted({tp.topic for tp in partitions}), group=self.group, partitions=partitions)
        try:
            await reader.commit(
                {tp: Committed(self._places[tp], orjson.dumps(self._counts.get(tp, {})).decode()) for tp in partitions}
            )
        finally:
            await reader.close()


def _rejection_counted(value: bytes) -> tuple[str, int]:
    """Under which name a rejection counts, and how often; what is none counts as `unreadable`."""
    try:
        rejection = decode_rejection(value)
    except ValueError:
        return "whole:unreadable", 1
    return f"{'partial' if rejection.get('partial') else 'whole'}:{rejection['reason']}", rejection.get("count", 1)


async def count_reports(log: Log, spans: Mapping[TopicPartition, tuple[int, int]]) -> int:
    """Reports (no ticks) at offsets in [start, end) of each partition."""
    count = 0
    async for record in read_between(log, spans):
        count += not is_tick(record.headers)
    return count


async def store_ledger(count: LogCount, recorder: TelemetryWriter) -> StoreLedger:
    """The store's ledger at this moment: the recorder's place and sums first, then the log counted to its end."""
    log, topics = count.log, count.topics
    progress = await recorder.load_progress()
    if progress is None:
        places = await log.committed(recorder_group(topics), sorted(await log.bounds(topics.all_telemetry)))
        progress = {(tp.topic, tp.partition): decode_sums(place) for tp, place in places.items()}
    ends = await count.advance()
    accepted = count.accepted
    sums = sum_up(progress)
    pending = await count_reports(log, _behind(progress, ends, topics))
    return StoreLedger(accepted, sums.stored, sums.duplicate, sums.refused, pending)


def _behind(
    progress: Mapping[tuple[str, int], PartitionProgress], ends: Mapping[TopicPartition, int], topics: Topics
) -> dict[TopicPartition, tuple[int, int]]:
    nowhere = PartitionProgress(0)
    return {tp: (progress.get(tp, nowhere).next_offset, end) for tp, end in ends.items() if tp.topic != topics.rejected}
