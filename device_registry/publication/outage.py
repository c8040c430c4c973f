"""Waiting out a server that is away: back-off between the tries, one line when it begins and one when it is over."""

import asyncio
from collections.abc import Iterator

import structlog

from domain.errors import TransientFault
from domain.retry import backoff_s, pause

_log = structlog.get_logger()


class Outage:
    """The faults of one piece of work in a row, from the first to the next success."""

    def __init__(self, work: str) -> None:
        self._work = work
        self._waits: Iterator[float] | None = None

    async def wait(self, fault: TransientFault, stop: asyncio.Event) -> None:
        """Ends when it is time for the next try, or `stop` is set."""
        if self._waits is None:
            _log.warning("waiting", work=self._work, error=str(fault))
            self._waits = backoff_s()
        await pause(stop, next(self._waits))

    def end(self) -> None:
        """The work succeeded."""
        if self._waits is not None:
            _log.info("working again", work=self._work)
            self._waits = None
