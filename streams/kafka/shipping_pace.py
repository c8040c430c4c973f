"""When what was appended ships: at once, but for all partitions together and no more than so often.

A request to Kafka costs more than the records in it, and wakes everybody who reads: without this a stream of small
appends makes hundreds of requests a second, each with a record or two for a few partitions.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol

SHIP_EVERY_S: Final = 0.01
"""How long a record may wait for others, where one was shipped just before."""


class Shippable(Protocol):
    def ship(self) -> None: ...


class ShippingPace:
    """Ships partitions `every_s` at most. One for all partitions, so that they share their requests."""

    def __init__(self, every_s: float = SHIP_EVERY_S) -> None:
        self._every_s = every_s
        self._loop = asyncio.get_running_loop()
        self._next_s = 0.0
        self._waiting: set[Shippable] = set()
        self._timer: asyncio.TimerHandle | None = None

    def ship(self, partitions: Iterable[Shippable]) -> None:
        """These have something to ship: now, or together with what comes until it is time."""
        self._waiting.update(partitions)
        if self._timer is None:
            if self._loop.time() >= self._next_s:
                self._ship_all()
            else:
                self._timer = self._loop.call_at(self._next_s, self._ship_all)

    def close(self) -> None:
        """Ship what waits, without waiting any longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._ship_all()

    def _ship_all(self) -> None:
        self._timer = None
        self._next_s = self._loop.time() + self._every_s
        for partition in self._waiting:
            partition.ship()
        self._waiting.clear()
