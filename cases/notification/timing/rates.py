"""How often one recipient is notified: a token bucket, kept as one instant. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from domain.time.durations import parse_duration_ms

_RATE: Final = re.compile(r"(\d{1,5})/(\S+)")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` tries within any `window_ms`.

    The bucket holds half of them for a burst, and fills so slowly that a full bucket and what comes in during a window
    are together no more than `count`: a plain bucket of 20 a minute would let 40 through in its worst minute, and robots
    lock themselves for that. `full_at_ms` is when the bucket is full again.
    """

    count: int
    window_ms: int

    @property
    def burst(self) -> int:
        return max(1, self.count // 2)

    @property
    def interval_ms(self) -> int:
        """How long a token takes to come."""
        return self.window_ms // (self.count - self.burst + 1) + 1

    def tokens(self, full_at_ms: int, now_ms: int) -> int:
        """How many tries may be made at once."""
        missing_ms = max(0, full_at_ms - now_ms)
        return max(0, self.burst - -(-missing_ms // self.interval_ms))

    def take(self, full_at_ms: int, now_ms: int) -> int:
        """When the bucket is full again, after one token is taken."""
        return max(full_at_ms, now_ms) + self.interval_ms

    def next_ms(self, full_at_ms: int, now_ms: int) -> int:
        """The first instant from now on at which there is a token."""
        return max(now_ms, full_at_ms - (self.burst - 1) * self.interval_ms)


def parse_rate(text: str) -> Rate:
    """The rate that a text names: `20/1m`. Raises: ValueError."""
    match = _RATE.fullmatch(text.strip())
    if match is None or int(match[1]) < 1:
        raise ValueError(f"{text!r} is no rate; write 20/1m for 20 a minute")
    window_ms = parse_duration_ms(match[2])
    if window_ms < 1:
        raise ValueError(f"{text!r} is no rate; its window is empty")
    return Rate(int(match[1]), window_ms)
