"""The service that keeps the embedded log from growing for ever. (Kafka's brokers do this themselves.)"""

import asyncio
from collections.abc import Callable

import structlog

from domain.retry import pause
from streams.sqlite.log import SQLiteLog, wall_clock_ms

_LOG = structlog.get_logger()


class LogCleaner:
    """Applies retention and compaction now and then. Stops between two steps."""

    def __init__(self, log: SQLiteLog, now_ms: Callable[[], int] = wall_clock_ms, every_s: float = 300.0) -> None:
        self._log = log
        self._now_ms = now_ms
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            dropped = await self._log.clean(self._now_ms())
            if dropped:
                _LOG.info("log cleaned", dropped=dropped)
            await pause(stop, self._every_s)
