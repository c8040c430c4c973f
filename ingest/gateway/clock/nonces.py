"""Nonces under way through the broker, and when each was sent. Pure: nonces and times are given."""

from collections import deque
from typing import Final

from ingest.gateway.clock.ignored import IgnoredClock

NONCE_BYTES: Final = 16
_NONCE_LENGTH: Final = 2 * NONCE_BYTES
_HEXADECIMAL: Final = frozenset(b"0123456789abcdef")
_MOST_OUTSTANDING: Final = 4096
_MOST_COUNTED: Final = 64


class OutstandingNonces:
    """Each counts once, while it is outstanding, and stands for the instant at which it was sent.

    The broker keeps their order: once one has come back, those sent before it were lost and are forgotten.
    Shape: at most `_MOST_OUTSTANDING`, the oldest forgotten first; one sent each ten seconds is a backlog of eleven hours.
    """

    def __init__(self) -> None:
        self._sent_at_ms: dict[bytes, int] = {}
        self._counted: deque[bytes] = deque(maxlen=_MOST_COUNTED)

    def __len__(self) -> int:
        return len(self._sent_at_ms)

    def remember(self, nonce: bytes, sent_at_ms: int) -> None:
        """This nonce is under way."""
        self._sent_at_ms[nonce] = sent_at_ms
        if len(self._sent_at_ms) > _MOST_OUTSTANDING:
            del self._sent_at_ms[next(iter(self._sent_at_ms))]

    def count(self, payload: bytes) -> int | IgnoredClock:
        """When the nonce in a clock message was sent, epoch ms, or why it does not count."""
        if payload in self._sent_at_ms:
            self._counted.append(payload)
            return self._pop_up_to(payload)
        if len(payload) != _NONCE_LENGTH or not _HEXADECIMAL.issuperset(payload):
            return IgnoredClock.UNREADABLE
        return IgnoredClock.COPY if payload in self._counted else IgnoredClock.UNKNOWN

    def _pop_up_to(self, nonce: bytes) -> int:
        while True:
            oldest = next(iter(self._sent_at_ms))
            sent_at_ms = self._sent_at_ms.pop(oldest)
            if oldest == nonce:
                return sent_at_ms
