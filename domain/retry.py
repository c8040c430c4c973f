"""The one retry policy, exponential back-off with full jitter and a ceiling, and the loops that wait out a server by it.

`Outage` counts the faults of one piece of work, `retried` gets one result through them, `kept_running` resumes work that
ends in one. None of them logs: what is to be logged is a function of the caller's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import TypeVar

from domain.errors import TransientFault

_T = TypeVar("_T")


def backoff_s(first_s: float = 0.2, ceiling_s: float = 15.0, jitter: Random | None = None) -> Iterator[float]:
    """Endless waits in seconds before the next try: each drawn from the upper half of a bound that doubles to `ceiling_s`.

    The upper half only, so a whole fleet does not come back at once and nobody hammers a server that is starting.
    """
    draw = (jitter or Random()).uniform
    bound = first_s
    while True:
        yield draw(bound / 2, bound)
        bound = min(bound * 2, ceiling_s)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait `seconds`, or less when `stop` is set meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass


class Outage:
    """The faults of one piece of work in a row, from the first to the next success.

    `on_begin` is called with the first fault, `on_end` at the success that ends it; neither between them.
    """

    def __init__(self, on_begin: Callable[[TransientFault], None], on_end: Callable[[], None] = lambda: None) -> None:
        self._on_begin = on_begin
        self._on_end = on_end
        self._waits: Iterator[float] | None = None

    async def wait(self, fault: TransientFault, stop: asyncio.Event) -> None:
        """Ends when it is time for the next try, or `stop` is set."""
        if self._waits is None:
            self._on_begin(fault)
            self._waits = backoff_s()
        await pause(stop, next(self._waits))

    def end(self) -> None:
        """The work succeeded."""
        if self._waits is not None:
            self._waits = None
            self._on_end()


async def retried(act: Callable[[], Awaitable[_T]], stop: asyncio.Event, outage: Outage) -> _T:
    """The result of `act`, tried again through transient faults.

    Raises: TransientFault where a try fails after `stop` is set.
    """
    while True:
        try:
            result = await act()
        except TransientFault as fault:
            if stop.is_set():
                raise
            await outage.wait(fault, stop)
        else:
            outage.end()
            return result


async def kept_running(
    work: Callable[[], Awaitable[None]], stop: asyncio.Event, on_fault: Callable[[TransientFault, float], None]
) -> None:
    """Run `work` until `stop` is set, again after each transient fault; `work` itself ends when `stop` is set.

    `on_fault` is called with each fault and the seconds until the next try. The waits grow over the whole run: work that
    ends in a fault now and again comes back more slowly each time, up to the ceiling.
    """
    waits = backoff_s()
    while not stop.is_set():
        try:
            await work()
        except TransientFault as fault:
            wait_s = next(waits)
            on_fault(fault, wait_s)
            await pause(stop, wait_s)
