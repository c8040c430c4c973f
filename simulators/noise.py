"""Seeded noise as a function of where it is asked, so that a reading depends on nothing that was drawn before it.

A stateful generator per device would tie every reading to the order of all earlier ones; a hash of (device, instant,
quantity) gives the same number whenever and wherever it is asked for.
"""

from hashlib import blake2b
from typing import Final

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_IRWIN_HALL_SCALE: Final = 3**0.5 / 65535


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
    """A smooth, nearly normal number that changes in about `period_ms`: what is true now is nearly true a moment later.

    Mean 0, standard deviation about 0.85, never beyond ±3.47.
    """
    knot, since_ms = divmod(at_ms, period_ms)
    x = since_ms / period_ms
    share = x * x * (3 - 2 * x)
    return (1 - share) * normal(key, counter, knot) + share * normal(key, counter, knot + 1)
