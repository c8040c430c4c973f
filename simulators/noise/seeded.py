"""Seeded noise as a function of where it is asked, so that a reading depends on nothing that was drawn before it.

A stateful generator per device would tie every reading to the order of all earlier ones; a hash of (device, instant,
quantity) gives the same number whenever and wherever it is asked for.
"""

from hashlib import blake2b
from math import pi, sin
from typing import Final

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_IRWIN_HALL_SCALE: Final = 3**0.5 / 65535
_TURN: Final = 2 * pi


def key_of(seed: int, *names: str) -> int:
    """A 64-bit key for one thing of one seeded city: the same on any machine and any Python."""
    return int.from_bytes(blake2b("\n".join((str(seed), *names)).encode(), digest_size=8).digest(), "big")


def mixed(key: int, *counters: int) -> int:
    """64 well-mixed bits of a key and any number of integers.

    Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), applied once per counter.
    """
    z = key
    for counter in counters:
        z = (z ^ counter) * _GOLDEN + _GOLDEN & _MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        z ^= z >> 31
    return z


def uniform(key: int, *counters: int, low: float = 0.0, high: float = 1.0) -> float:
    """A number drawn evenly from [low, high)."""
    return low + (high - low) * (mixed(key, *counters) >> 11) / (1 << 53)


def normal(key: int, *counters: int) -> float:
    """A nearly normal number, mean 0, standard deviation 1, never beyond ±3.47.

    Source: Irwin-Hall with the four 16-bit quarters of one hash; the short tails suit a healthy sensor.
    """
    z = mixed(key, *counters)
    quarters = (z & 0xFFFF) + (z >> 16 & 0xFFFF) + (z >> 32 & 0xFFFF) + (z >> 48)
    return (quarters - 2 * 65535) * _IRWIN_HALL_SCALE


def wander(key: int, at_ms: int, period_ms: int, counter: int) -> float:
    """A number that runs smoothly up and down, no two swings alike: what is true now is nearly true a moment later.

    Shape: three sines with phases from the key's bits, `counter` (0 to 40) selects which; much cheaper than hashed knots.
    Mean 0, standard deviation about 1, never beyond ±2.4.
    """
    bits, x = key >> counter, _TURN * at_ms / period_ms
    return (
        0.9 * sin(x + _TURN / 256 * (bits & 0xFF))
        + 0.8 * sin(0.618 * x + _TURN / 256 * (bits >> 8 & 0xFF))
        + 0.7 * sin(0.447 * x + _TURN / 256 * (bits >> 16 & 0xFF))
    )
