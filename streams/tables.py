"""A compacted topic read as a table: the newest value of each key."""

from collections.abc import AsyncIterator, Sequence

from streams.ports import Log, Record, Start, TopicPartition


async def read_to_end(
    log: Log, topics: Sequence[str], partitions: Sequence[TopicPartition] | None = None
) -> AsyncIterator[Record]:
    """Every record that stood in the topics (or just those partitions) when the call began, by offset per partition."""
    bounds = await log.bounds(topics)
    wanted = {
        tp: end for tp, (first, end) in bounds.items() if end > first and (partitions is None or tp in partitions)
    }
    if not wanted:
        return
    reader = await log.reader(topics, partitions=sorted(wanted), start=Start.EARLIEST)
    try:
        while wanted:
            for tp, records in (await reader.read(timeout_s=0.2)).items():
                for record in records:
                    if record.offset < wanted.get(tp, 0):
                        yield record
            for tp in [tp for tp, end in wanted.items() if reader.position(tp) >= end]:
                del wanted[tp]
    finally:
        await reader.close()


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
