"""Ticks as they are read from the log: which of them count, and where the clock of the log stood last."""

from typing import Final

import orjson
import structlog

from domain.topics import Topics, is_tick
from streams.ports import Log, LogReader, TopicPartition

_log = structlog.get_logger()
MAX_AHEAD_MS: Final = 10_000
LATEST_MS: Final = 9_223_372_036_854 - 31 * 86_400_000
"""Times of readings are stored as 64-bit nanoseconds, which end in April 2262; a month of room for what runs ahead."""


class TickCheck:
    """Which clocks read from the log count: none more than `MAX_AHEAD_MS` ahead of the time at which the log took it.

    A simulated clock may stand anywhere before `LATEST_MS`. `ignored` counts what did not count; the first is logged where
    it has a `reader`.
    """

    def __init__(self, topics: Topics, reader: str = "") -> None:
        self.ignored = 0
        self._simulated = topics.simulated_clock
        self._reader = reader

    def limit_ms(self, log_ms: int) -> int:
        """The latest clock that counts on a record which the log took at `log_ms`."""
        return LATEST_MS if self._simulated else log_ms + MAX_AHEAD_MS

    def counts(self, at_ms: int, log_ms: int) -> bool:
        """Whether a clock counts that stands on a record which the log took at `log_ms`."""
        if at_ms <= self.limit_ms(log_ms):
            return True
        if self._reader and not self.ignored:
            _log.error("a clock ahead of its own record is ignored", by=self._reader, clock_ms=at_ms, record_ms=log_ms)
        self.ignored += 1
        return False


async def last_tick_ms(log: Log, topics: Topics) -> int:
    """The newest tick on the first telemetry partition, 0 without any: where a simulated clock stood at our last end."""
    first = TopicPartition(topics.all_telemetry[0], 0)
    begin, end = (await log.bounds([first.topic]))[first]
    reader = await log.reader([first.topic], partitions=[first])
    try:
        window = 1000
        while begin < end:
            reader.seek({first: max(begin, end - window)})
            ticks = await _ticks_up_to(reader, first, end, TickCheck(topics))
            if ticks or end - window <= begin:
                return max(ticks, default=0)
            window *= 10
    finally:
        await reader.close()
    return 0


async def _ticks_up_to(reader: LogReader, partition: TopicPartition, end: int, check: TickCheck) -> list[int]:
    """Those that count."""
    ticks: list[int] = []
    while reader.position(partition) < end:
        records = (await reader.read(timeout_s=1.0)).get(partition, ())
        for record in records:
            if is_tick(record.headers):
                at_ms = orjson.loads(record.value or b"")["tick_at_ms"]
                ticks += [at_ms] if check.counts(at_ms, record.timestamp) else []
    return ticks
