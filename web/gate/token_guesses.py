"""Who sends bearer tokens that do not hold, too often: refused before anything is looked up, while good tokens go on."""

from collections import OrderedDict
from http import HTTPStatus
from math import ceil
from time import monotonic
from typing import Final

from accounts.audit.failures import FailedLogins
from accounts.credentials.attempt_limits import BucketBounds, FailureBuckets, network_of
from accounts.credentials.secrets import hash_of
from domain.time.units import SECOND_MS
from web.http.problems import Refused

BOUNDS: Final = BucketBounds(60, SECOND_MS)
_REMEMBERED: Final = 10_000


class TokenGuesses:
    """Failures by address. A token that held lately is looked up whatever its address failed: an office shares one."""

    def __init__(self, failures: FailedLogins, bounds: BucketBounds = BOUNDS) -> None:
        self._failures = failures
        self._addresses: FailureBuckets[str] = FailureBuckets(bounds, _REMEMBERED)
        self._good: OrderedDict[str, None] = OrderedDict()

    def check(self, address: str, text: str, wall_ms: int) -> None:
        """Raises: Refused (429) where the address has failed too often and the token is not known to hold."""
        wait_ms = self._addresses.wait_ms(network_of(address), _now_ms())
        if wait_ms and hash_of(text) not in self._good:
            self._failures.note("token", "too many failures", wall_ms)
            seconds = str(ceil(wait_ms / SECOND_MS))
            detail = f"too many tokens from there did not hold; try again in {seconds} s"
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too-many-failures", detail, headers={"Retry-After": seconds})

    def note(self, address: str, text: str, wall_ms: int, *, held: bool) -> None:
        """What became of a token that was looked up."""
        kept = hash_of(text)
        if held:
            self._good[kept] = None
            self._good.move_to_end(kept)
            if len(self._good) > _REMEMBERED:
                self._good.popitem(last=False)
            return
        self._good.pop(kept, None)
        self._addresses.charge(network_of(address), _now_ms())
        self._failures.note("token", "bad token", wall_ms)


def _now_ms() -> int:
    return int(monotonic() * 1000)
