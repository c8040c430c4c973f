"""How many guesses anybody has, by address and by name together, decided before a password is hashed. Pure.

who asks                      is bounded by
a known browser of the user   its own few failures; nothing that strangers do reaches it
anybody else                  name from this address: some failures are free, then each wait is twice the last
                              address, whatever names:  a bucket of failures that refills slowly
                              name, whatever addresses: a larger bucket, so that many addresses gain little
An attempt is charged when it begins and given back when it succeeds, so guesses made at once gain nothing, and an office
behind one address pays only for its failures. What is refused is not charged: it makes no wait longer, and takes no memory.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final, Generic, TypeVar

from accounts.users.refusals import TooManyFailures
from accounts.users.user import USERNAME
from domain.time.units import HOUR_MS, MINUTE_MS, SECOND_MS

_Key = TypeVar("_Key", bound=Hashable)
_NETWORK_BITS: Final = 64
"""What one customer of an IPv6 network has at least: the lower half of an address costs nothing to change."""


@dataclass(frozen=True, slots=True)
class BucketBounds:
    """So many failures at once, and one more after each `refill_ms`."""

    failures: int
    refill_ms: int


@dataclass(frozen=True, slots=True)
class AttemptBounds:
    """What an address, a name, both together and a known browser may fail. `remembered` bounds each of the four tables."""

    free: int = 5
    first_wait_ms: int = 2 * SECOND_MS
    longest_wait_ms: int = MINUTE_MS
    forgotten_after_ms: int = 15 * MINUTE_MS
    address: BucketBounds = BucketBounds(30, 6 * SECOND_MS)
    name: BucketBounds = BucketBounds(100, MINUTE_MS)
    device: BucketBounds = BucketBounds(10, HOUR_MS)
    remembered: int = 50_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One guess that was let through. `device` is the mark of a browser that the user is known by."""

    address: str
    name: str
    device: str | None


@dataclass(slots=True)
class _Streak:
    """Failures of one name from one address, and when the last began."""

    failures: int
    last_ms: int


@dataclass(slots=True)
class FailureBuckets(Generic[_Key]):
    """A bucket for each key; the one that was charged longest ago is forgotten where there are too many."""

    bounds: BucketBounds
    remembered: int
    _levels: OrderedDict[_Key, tuple[float, int]] = field(default_factory=OrderedDict)

    def wait_ms(self, key: _Key, at_ms: int) -> int:
        """How long until one more failure has room; 0 now."""
        return max(0, ceil((self._level(key, at_ms) + 1 - self.bounds.failures) * self.bounds.refill_ms))

    def charge(self, key: _Key, at_ms: int) -> None:
        self._put(key, self._level(key, at_ms) + 1, at_ms)

    def give_back(self, key: _Key, at_ms: int) -> None:
        if key in self._levels:
            self._put(key, max(0.0, self._level(key, at_ms) - 1), at_ms)

    def _level(self, key: _Key, at_ms: int) -> float:
        level, since_ms = self._levels.get(key, (0.0, at_ms))
        return max(0.0, level - max(0, at_ms - since_ms) / self.bounds.refill_ms)

    def _put(self, key: _Key, level: float, at_ms: int) -> None:
        self._levels[key] = (level, at_ms)
        self._levels.move_to_end(key)
        if len(self._levels) > self.remembered:
            self._levels.popitem(last=False)

    def __len__(self) -> int:
        return len(self._levels)


class AttemptLimits:
    """The guesses of one process. Not safe from several threads. Time: any clock in ms that goes forward."""

    def __init__(self, bounds: AttemptBounds | None = None) -> None:
        self.bounds = bounds or AttemptBounds()
        self._streaks: OrderedDict[tuple[str, str], _Streak] = OrderedDict()
        self._addresses: FailureBuckets[str] = FailureBuckets(self.bounds.address, self.bounds.remembered)
        self._names: FailureBuckets[str] = FailureBuckets(self.bounds.name, self.bounds.remembered)
        self._devices: FailureBuckets[str] = FailureBuckets(self.bounds.device, self.bounds.remembered)

    def begin(self, address: str, name: str, device: str | None, at_ms: int) -> Attempt:
        """The guess, charged. A known browser that failed too often is a stranger. Raises: TooManyFailures.

        What cannot be a username counts as one name, so that nobody fills the tables with it.
        """
        known_name = name if USERNAME.fullmatch(name) else ""
        if device is not None and not self._devices.wait_ms(device, at_ms):
            self._devices.charge(device, at_ms)
            return Attempt(address, known_name, device)
        attempt = Attempt(network_of(address), known_name, None)
        wait_ms = max(
            self._streak_wait_ms(attempt, at_ms),
            self._addresses.wait_ms(attempt.address, at_ms),
            self._names.wait_ms(known_name, at_ms),
        )
        if wait_ms:
            raise TooManyFailures(ceil(wait_ms / SECOND_MS))
        self._addresses.charge(attempt.address, at_ms)
        self._names.charge(known_name, at_ms)
        self._lengthen(attempt, at_ms)
        return attempt

    def forgive(self, attempt: Attempt, at_ms: int) -> None:
        """The guess was right: what it was charged is given back, and a stranger's streak with that name is over."""
        self.take_back(attempt, at_ms)
        if attempt.device is None:
            self._streaks.pop((attempt.address, attempt.name), None)

    def take_back(self, attempt: Attempt, at_ms: int) -> None:
        """The guess was never looked at: what it was charged is given back, and nothing else is forgotten."""
        if attempt.device is not None:
            self._devices.give_back(attempt.device, at_ms)
            return
        self._addresses.give_back(attempt.address, at_ms)
        self._names.give_back(attempt.name, at_ms)
        streak = self._streaks.get((attempt.address, attempt.name))
        if streak is not None:
            streak.failures -= 1

    def remembered(self) -> int:
        """How many keys are remembered in all."""
        return len(self._streaks) + len(self._addresses) + len(self._names) + len(self._devices)

    def _streak_wait_ms(self, attempt: Attempt, at_ms: int) -> int:
        bounds, streak = self.bounds, self._streaks.get((attempt.address, attempt.name))
        if streak is None or streak.failures < bounds.free or at_ms - streak.last_ms >= bounds.forgotten_after_ms:
            return 0
        doublings = min(streak.failures - bounds.free, 20)
        return max(0, streak.last_ms + min(bounds.first_wait_ms << doublings, bounds.longest_wait_ms) - at_ms)

    def _lengthen(self, attempt: Attempt, at_ms: int) -> None:
        key = (attempt.address, attempt.name)
        streak = self._streaks.get(key)
        if streak is None or at_ms - streak.last_ms >= self.bounds.forgotten_after_ms:
            self._streaks[key] = _Streak(1, at_ms)
        else:
            streak.failures, streak.last_ms = streak.failures + 1, at_ms
        self._streaks.move_to_end(key)
        if len(self._streaks) > self.bounds.remembered:
            self._streaks.popitem(last=False)


def network_of(address: str) -> str:
    """The address that counts: an IPv4 one whole, of an IPv6 one its first 64 bits; what is neither stands as it is."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> _NETWORK_BITS << _NETWORK_BITS))
    return str(parsed)
