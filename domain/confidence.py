"""How sure a share is: 39 of 40 and 3,900 of 4,000 are the same figure, and not the same knowledge."""

from math import sqrt
from typing import Final

Z_95: Final = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: a two-sided interval of 95 %."""


def wilson_interval(hits: int, of: int, z: float = Z_95) -> tuple[float, float] | None:
    """The score interval of the share `hits` / `of`, within [0, 1]; None where `of` is 0.

    It holds the share itself, and unlike the textbook's interval it has a width at 0 and at 1.
    Raises: ValueError unless 0 <= hits <= of.
    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if of == 0:
        return None
    share, square = hits / of, z * z
    middle = share + square / (2 * of)
    half = z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    scale = 1 + square / of
    low = 0.0 if hits == 0 else (middle - half) / scale
    high = 1.0 if hits == of else (middle + half) / scale
    return low, high
