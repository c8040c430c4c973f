"""Waiting for a condition, with a bound."""

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], bool], bound_s: float = 15.0) -> None:
    """The condition holds. Fails when it does not come true in time."""
    deadline = time.monotonic() + bound_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)
