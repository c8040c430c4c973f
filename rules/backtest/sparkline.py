"""A row of numbers as one line of text: ▁▃▇."""

from collections.abc import Sequence
from typing import Final

_BARS: Final = "▁▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int]) -> str:
    """One character a number, its height by the largest; a dot stands for nothing at all."""
    most = max(counts, default=0)
    return "".join("·" if count == 0 else _BARS[(count * len(_BARS) - 1) // most] for count in counts)
