"""The search for the highest rate that passes: upwards by a constant factor, then by halving."""

from collections.abc import Generator
from typing import Final

GROWTH: Final = 1.6
CLOSE_ENOUGH: Final = 0.05
MOST_RUNS: Final = 12


def search(first: float) -> Generator[float, bool, float | None]:
    """Yields the rate to try next and is sent whether it passed; returns the highest that did, None if none.

    Bounded: 12 runs at most, and no more once the lowest that failed is within 5 % of the highest that passed. Where the
    first rate fails it goes down by the same factor. Between, it tries the geometric mean.
    """
    passed: float | None = None
    failed: float | None = None
    rate = first
    for _ in range(MOST_RUNS):
        if (yield rate):
            passed = rate
        else:
            failed = rate
        if passed is None:
            rate /= GROWTH
        elif failed is None:
            rate *= GROWTH
        elif failed / passed <= 1 + CLOSE_ENOUGH:
            break
        else:
            rate = (passed * failed) ** 0.5
    return passed
