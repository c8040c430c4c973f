"""The clocks of a process: the wall's, and the one that the data follow."""

from time import time

from streams.reading.ticks import last_tick_ms
from urbansense.wiring.parts import Parts


def wall_ms() -> int:
    """Now by the wall clock, epoch ms."""
    return int(time() * 1000)


async def data_now_ms(parts: Parts) -> int:
    """Now by the clock that the data follow, epoch ms: the newest tick where it is simulated, else the wall clock.

    Raises: TransientFault where the log does not answer.
    """
    simulated = parts.settings.clock == "simulated"
    return (await last_tick_ms(parts.log, parts.topics) if simulated else 0) or wall_ms()
