"""A simulator's time at a gateway: of receipt and of the ticks alike, and nobody else's."""

from collections import Counter
from typing import Final

import orjson

from ingest.gateway.clock.ignored import IgnoredClock
from streams.reading.ticks import LATEST_MS


class SimulatedTime:
    """Where the simulator's clock stands. It has the face of `WallTime` and sends nothing."""

    jumps: Final = 0

    def __init__(self, began_at_ms: int) -> None:
        self.ignored: Counter[IgnoredClock] = Counter()
        self._now_ms = began_at_ms

    def now_ms(self) -> int:
        """The last time that the simulator published, epoch ms; 0 before the first."""
        return self._now_ms

    def reconnected(self) -> None:
        """Nothing to do."""

    def due_message(self) -> None:
        """Never any."""

    def count(self, payload: bytes, *, is_assured: bool) -> int | None:
        """The tick that a message on the clock's topic stands for, epoch ms, or None. The same again is passed on again:
        after a crash it may be on some partitions only.
        """
        taken = self._judge(payload) if is_assured else IgnoredClock.UNASSURED
        if isinstance(taken, IgnoredClock):
            self.ignored[taken] += 1
            return None
        self._now_ms = taken
        return taken

    def written(self) -> None:
        """Nothing to do."""

    def forget_unwritten(self) -> None:
        """Nothing to do."""

    def check(self) -> str:
        """One line on the clock."""
        return "follows the simulator's"

    def _judge(self, payload: bytes) -> int | IgnoredClock:
        try:
            at_ms = orjson.loads(payload)["sent_at_ms"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return IgnoredClock.UNREADABLE
        if type(at_ms) is not int:
            return IgnoredClock.UNREADABLE
        if not 0 <= at_ms <= LATEST_MS:
            return IgnoredClock.ABSURD
        return at_ms if at_ms >= self._now_ms else IgnoredClock.BACKWARDS
