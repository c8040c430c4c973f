"""A wall clock whose jumps are passed on only once they have held. Pure: both clocks' readings are given.

wall ──▶ within 5 s of where the monotonic clock has it? ── yes ──▶ the wall's time
                          └── no: a jump ──▶ the monotonic clock's, until it has held for a minute
"""

from dataclasses import dataclass
from typing import Final

JUMP_MS: Final = 5_000
HELD_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class ClockJump:
    """A jump of the wall clock that is not passed on yet. `by_ms` is below 0 for one back; `since_ms` is monotonic."""

    by_ms: int
    since_ms: int


class SteadyClock:
    """Feed it both clocks' readings in the order in which they were taken, at least every few seconds.

    `jump` is what the wall clock has done and has not been passed on; `jumps` counts them. What the wall drifts by within
    a minute counts together, so that a clock cannot creep away in small steps.
    """

    def __init__(self) -> None:
        self.jump: ClockJump | None = None
        self.jumps = 0
        self._offset_ms: int | None = None
        self._anchored_ms = 0

    def read(self, wall_ms: int, monotonic_ms: int) -> int:
        """The time, epoch ms: the wall's, or while it has jumped for less than a minute, as if it had not."""
        offset_ms = wall_ms - monotonic_ms
        if self._offset_ms is None:
            self._anchor(offset_ms, monotonic_ms)
        assert self._offset_ms is not None
        if abs(offset_ms - self._offset_ms) <= JUMP_MS:
            self.jump = None
            if monotonic_ms - self._anchored_ms >= HELD_MS:
                self._anchor(offset_ms, monotonic_ms)
            return wall_ms
        by_ms = offset_ms - self._offset_ms
        if self.jump is None or abs(by_ms - self.jump.by_ms) > JUMP_MS:
            self.jump = ClockJump(by_ms, monotonic_ms)
            self.jumps += 1
        elif monotonic_ms - self.jump.since_ms >= HELD_MS:
            self._anchor(offset_ms, monotonic_ms)
            self.jump = None
            return wall_ms
        return monotonic_ms + self._offset_ms

    def _anchor(self, offset_ms: int, monotonic_ms: int) -> None:
        self._offset_ms, self._anchored_ms = offset_ms, monotonic_ms
