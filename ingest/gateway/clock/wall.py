"""The wall's time at a gateway: of receipt, and as it comes back through the broker, behind the backlog."""

import time
from collections import Counter
from collections.abc import Callable
from secrets import token_hex
from typing import Final

import structlog

from domain.errors import TransientFault
from ingest.gateway.clock.ignored import IgnoredClock
from ingest.gateway.clock.nonces import NONCE_BYTES, OutstandingNonces
from ingest.gateway.clock.steady import ClockJump, SteadyClock

_log = structlog.get_logger()
SEND_AGAIN_MS: Final = 10_000
"""How long a nonce may be under way before a further one is sent: the broker may have lost it. Both count, if both come."""
WAITS_MS: Final = 60_000
"""How long no nonce may come back before that is ill health: rules stand still meanwhile."""


def _wall_ms() -> int:
    return int(time.time() * 1000)


def monotonic_ms() -> int:
    """Since some instant in the past, ms; it goes on while the machine sleeps, where the system has such a clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000


def _fresh_nonce() -> bytes:
    return token_hex(NONCE_BYTES).encode()


class WallTime:
    """One slot's clock. It publishes nothing itself: `due_message` is what to publish, `count` takes what was received.

    `ignored` counts by reason. Use from one task at a time.
    """

    def __init__(
        self,
        wall_ms: Callable[[], int] = _wall_ms,
        monotonic_ms: Callable[[], int] = monotonic_ms,
        fresh_nonce: Callable[[], bytes] = _fresh_nonce,
    ) -> None:
        self.ignored: Counter[IgnoredClock] = Counter()
        self._wall_ms = wall_ms
        self._monotonic_ms = monotonic_ms
        self._fresh_nonce = fresh_nonce
        self._steady = SteadyClock()
        self._nonces = OutstandingNonces()
        self._unwritten = 0
        self._sent_ms: int | None = None
        self._came_back_ms = monotonic_ms()
        self.now_ms()

    @property
    def jumps(self) -> int:
        """How often the wall clock has jumped since the process began."""
        return self._steady.jumps

    def now_ms(self) -> int:
        """Now, epoch ms; a jump of the wall clock is passed on once it has held for a minute."""
        before = self._steady.jump
        now_ms = self._steady.read(self._wall_ms(), self._monotonic_ms())
        if self._steady.jump is not before:
            _log_jump(before, self._steady.jump)
        return now_ms

    def reconnected(self) -> None:
        """What was under way may be lost; what the broker still has comes first, and counts."""
        self._sent_ms = None

    def due_message(self) -> bytes | None:
        """The clock message to publish now, if it is time for one: none while a tick is yet to be written."""
        if self._unwritten or (self._nonces and not self._is_overdue()):
            return None
        nonce = self._fresh_nonce()
        self._nonces.remember(nonce, self.now_ms())
        self._sent_ms = self._monotonic_ms()
        return nonce

    def count(self, payload: bytes, *, is_assured: bool) -> int | None:
        """The tick that a message received on the clock's topic stands for, epoch ms and never ahead of now; or None."""
        taken = self._nonces.count(payload) if is_assured else IgnoredClock.UNASSURED
        if isinstance(taken, IgnoredClock):
            self.ignored[taken] += 1
            return None
        self._unwritten += 1
        self._came_back_ms = self._monotonic_ms()
        return min(taken, self.now_ms())

    def written(self) -> None:
        """A tick that `count` returned is on the log."""
        self._unwritten -= 1

    def forget_unwritten(self) -> None:
        """The ticks that `count` returned and nobody wrote never will be: their messages were not acknowledged."""
        self._unwritten = 0

    def check(self) -> str:
        """One line on the clock. Raises: TransientFault while the wall clock has jumped, or no nonce comes back."""
        self.now_ms()
        if (jump := self._steady.jump) is not None:
            raise TransientFault(
                f"the wall clock jumped by {_seconds(jump)}, which is passed on once it held for a minute"
            )
        waits_s = (self._monotonic_ms() - self._came_back_ms) // 1000
        if waits_s * 1000 > WAITS_MS:
            raise TransientFault(
                f"no clock message came back for {waits_s} s: it waits behind the backlog, or for the log"
            )
        return "keeps step with the monotonic one"

    def _is_overdue(self) -> bool:
        return self._sent_ms is None or self._monotonic_ms() - self._sent_ms >= SEND_AGAIN_MS


def _log_jump(before: ClockJump | None, jump: ClockJump | None) -> None:
    """Logged where it begins and where it ends."""
    if jump is not None:
        _log.error("the wall clock jumped; it is passed on once it has held for a minute", by=_seconds(jump))
    elif before is not None:
        _log.warning("the wall clock's jump is over: it held for a minute, or went back", by=_seconds(before))


def _seconds(jump: ClockJump) -> str:
    return f"{jump.by_ms / 1000:+.1f} s"
