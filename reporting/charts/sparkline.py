"""A row of numbers as one line of text: ▁▃▇."""

from collections.abc import Sequence
from typing import Final

_BARS: Final = "▁▂▃▄▅▆▇█"
_WIDEST: Final = 48


def folded(counts: Sequence[int]) -> tuple[int, list[int]]:
    """(how many numbers now make one, the sums): as many as fit into a line."""
    step = -(-len(counts) // _WIDEST) or 1
    return step, [sum(counts[at : at + step]) for at in range(0, len(counts), step)]


def sparkline(counts: Sequence[int]) -> str:
    """One character a number, its height by the largest; a dot stands for nothing at all."""
    most = max(counts, default=0)
    return "".join("·" if count == 0 else _BARS[(count * len(_BARS) - 1) // most] for count in counts)
