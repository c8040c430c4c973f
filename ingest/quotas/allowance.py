"""A token bucket that is only refilled when it is used up, so that taking from it costs a comparison."""

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """What may be taken: `most` at once, `per_ms` more with every millisecond; `left` until the next refill.

    Time: that of the calls, whichever clock it is; one that goes back earns nothing. It is full when it is first taken
    from. In a time t at most 2 * most + t * per_ms is given: what was left, a refill, and what was earned meanwhile.
    """

    most: float
    per_ms: float
    left: float = 0.0
    since_ms: int = 0

    def take(self, amount: float, now_ms: int) -> bool:
        """Whether so much was there; then it is taken."""
        if self.left < amount:
            self.refill(now_ms)
            if self.left < amount:
                return False
        self.left -= amount
        return True

    def refill(self, now_ms: int) -> None:
        self.left = min(self.most, self.left + max(0, now_ms - self.since_ms) * self.per_ms)
        self.since_ms = now_ms
