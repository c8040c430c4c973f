"""Where the clock of the log stood last: the newest tick on the first telemetry partition."""

import orjson

from domain.topics import Topics, is_tick
from streams.ports import Log, LogReader, TopicPartition


async def last_tick_ms(log: Log, topics: Topics) -> int:
    """The newest tick on the first telemetry partition, 0 without any: where a simulated clock stood at our last end."""
    first = TopicPartition(topics.all_telemetry[0], 0)
    begin, end = (await log.bounds([first.topic]))[first]
    reader = await log.reader([first.topic], partitions=[first])
    try:
        window = 1000
        while begin < end:
            reader.seek({first: max(begin, end - window)})
            ticks = await _ticks_up_to(reader, first, end)
            if ticks or end - window <= begin:
                return max(ticks, default=0)
            window *= 10
    finally:
        await reader.close()
    return 0


async def _ticks_up_to(reader: LogReader, partition: TopicPartition, end: int) -> list[int]:
    ticks: list[int] = []
    while reader.position(partition) < end:
        records = (await reader.read(timeout_s=1.0)).get(partition, ())
        ticks += [orjson.loads(record.value or b"")["tick_at_ms"] for record in records if is_tick(record.headers)]
    return ticks
