"""A compacted topic read as a table: the newest value of each key."""

from collections.abc import AsyncIterator, Mapping, Sequence

from streams.ports import Log, Record, TopicPartition


async def read_between(log: Log, spans: Mapping[TopicPartition, tuple[int, int]]) -> AsyncIterator[Record]:
    """Every record at offsets in [start, end) of each partition, by offset per partition."""
    ends = {tp: end for tp, (start, end) in spans.items() if end > start}
    if not ends:
        return
    reader = await log.reader(sorted({tp.topic for tp in ends}), partitions=sorted(ends))
    try:
        reader.seek({tp: spans[tp][0] for tp in ends})
        while ends:
            for tp, records in (await reader.read(timeout_s=0.2)).items():
                end = ends.get(TopicPartition(*tp), 0)
                for record in records:
                    if record.offset < end:
                        yield record
            for tp in [tp for tp, end in ends.items() if reader.position(tp) >= end]:
                del ends[tp]
    finally:
        await reader.close()


async def read_to_end(
    log: Log, topics: Sequence[str], partitions: Sequence[TopicPartition] | None = None
) -> AsyncIterator[Record]:
    """Every record that stood in the topics (or just those partitions) when the call began, by offset per partition."""
    bounds = await log.bounds(topics)
    spans = {tp: span for tp, span in bounds.items() if partitions is None or tp in partitions}
    async for record in read_between(log, spans):
        yield record


async def latest_by_key(
    log: Log, topic: str, partitions: Sequence[TopicPartition] | None = None
) -> dict[bytes, Record]:
    """The newest record of each key that is no tombstone, as the topic stood when the call began."""
    table: dict[bytes, Record] = {}
    async for record in read_to_end(log, [topic], partitions):
        if record.key is None:
            continue
        if record.value is None:
            table.pop(record.key, None)
        else:
            table[record.key] = record
    return table
