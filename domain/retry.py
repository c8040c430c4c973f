"""The one retry policy: exponential back-off with full jitter and a ceiling."""

import asyncio
from collections.abc import Iterator
from random import Random


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
