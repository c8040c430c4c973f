"""How many reports each device may send: a share by its report interval, and room for everything it has stored up.

A device that was away for the thirty days in which its reports are taken sends all of them at once, and none is refused.
What is sent beyond that is more than the device can have measured.
"""

from typing import Final

from domain.time.units import DAY_MS, SECOND_MS
from ingest.quotas.allowance import Allowance

_BACKLOG_MS: Final = 30 * DAY_MS
_LEAST_AT_ONCE: Final = 1_000
_REMEMBERED: Final = 500_000
UNBOUNDED: Final = Allowance(float("inf"), 0.0, float("inf"))


class DeviceShares:
    """The allowance of each device that reported, in reports; beyond 500,000 devices all begin anew. Of one task only.

    `times` is how many times the reports of its interval a device may send for good; 0 is without a bound.
    """

    def __init__(self, times: float = 0.0) -> None:
        self.times = times
        self._shares: dict[str, Allowance] = {}

    def of(self, device_id: str, report_interval_s: int) -> Allowance:
        """The device's allowance; the same object for as long as the device is remembered."""
        if not self.times:
            return UNBOUNDED
        interval_ms = max(report_interval_s, 1) * SECOND_MS
        most, per_ms = max(_LEAST_AT_ONCE, _BACKLOG_MS // interval_ms), self.times / interval_ms
        share = self._shares.get(device_id)
        if share is None:
            if len(self._shares) >= _REMEMBERED:
                self._shares.clear()
            share = self._shares[device_id] = Allowance(most, per_ms)
        elif share.per_ms != per_ms:
            share.most, share.per_ms, share.left = most, per_ms, min(share.left, most)
        return share
