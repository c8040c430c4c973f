"""Which rejections are kept whole, and which are only counted: the room of one sender, and that of all together.

A sender is an MQTT topic, for a broker names nobody else. Of a message that comes again within an hour the first is kept.
So is of readings left out of accepted reports: one record for each device and cause. Everything remembered is bounded.
"""

from typing import Final

from domain.time.units import DAY_MS, HOUR_MS
from ingest.quotas.allowance import Allowance

SENDER_BYTES: Final = 1024 * 1024
"""What one sender may have kept at once, and again with every day."""
_RETENTION_MS: Final = 30 * DAY_MS
_AT_ONCE: Final = 1 / 32
_PARTIAL_LEAVES: Final = 1 / 2
_REMEMBERED_SENDERS: Final = 20_000
_REMEMBERED_CAUSES: Final = 100_000


class RejectedRoom:
    """The room that rejections have. Use from one task only.

    `total_bytes` is what may be added in the thirty days that `telemetry.rejected` keeps; a 32nd of it at once. Causes
    and senders are known by a hash, so that long ones cost no memory.
    """

    def __init__(self, total_bytes: int) -> None:
        self.total = Allowance(total_bytes * _AT_ONCE, total_bytes / _RETENTION_MS)
        self._senders: dict[int, Allowance] = {}
        self._kept_until_ms: dict[int, int] = {}

    def keeps(self, cause: int, sender: int, size: int, now_ms: int, *, partial: bool) -> bool:
        """Whether to keep a record of `size` bytes; then its `cause` is not kept again for an hour.

        Partial ones leave half of the room to those that stand for whole reports.
        """
        if self._kept_until_ms.get(cause, 0) > now_ms:
            return False
        self.total.refill(now_ms)
        left = self.total.left - (self.total.most * _PARTIAL_LEAVES if partial else 0)
        if left < size or not self._room_of(sender).take(size, now_ms):
            return False
        self.total.take(size, now_ms)
        self._remember(cause, now_ms + HOUR_MS)
        return True

    def names(self, size: int, now_ms: int) -> bool:
        """Whether a record of `size` bytes that counts the rejections of one sender is kept."""
        return self.total.take(size, now_ms)

    def _room_of(self, sender: int) -> Allowance:
        room = self._senders.get(sender)
        if room is None:
            if len(self._senders) >= _REMEMBERED_SENDERS:
                self._senders.pop(next(iter(self._senders)))
            room = self._senders[sender] = Allowance(SENDER_BYTES, SENDER_BYTES / DAY_MS)
        return room

    def _remember(self, cause: int, until_ms: int) -> None:
        if len(self._kept_until_ms) >= _REMEMBERED_CAUSES:
            self._kept_until_ms.pop(next(iter(self._kept_until_ms)))
        self._kept_until_ms.pop(cause, None)
        self._kept_until_ms[cause] = until_ms
