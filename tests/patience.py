"""How long tests wait for what must come: a bound against hanging, never a measure of speed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PATIENCE_S: Final = 300.0


async def until(condition: Callable[[], object], what: str = "the condition holds") -> None:
    """Return when `condition()` is true; fail with what was awaited when it never is."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + PATIENCE_S
    while not condition():
        assert loop.time() < deadline_s, f"not within {PATIENCE_S:.0f} s: {what}"
        await asyncio.sleep(0.01)


async def until_true(
    condition: Callable[[], Awaitable[bool]], what: str = "the condition holds", every_s: float = 0.05
) -> None:
    """As `until`, of a condition that is awaited."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + PATIENCE_S
    while not await condition():
        assert loop.time() < deadline_s, f"not within {PATIENCE_S:.0f} s: {what}"
        await asyncio.sleep(every_s)
