"""Waiting for a condition with a bound."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], what: str, within_s: float = 10) -> None:
    """Return once `condition()` is true; fail with what was awaited when it does not become so."""
    deadline_s = asyncio.get_running_loop().time() + within_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline_s, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.01)
