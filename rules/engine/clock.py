"""A partition's clock, moved by the ticks of its gateways and by nothing else."""

from typing import Any, Final

IGNORED_AFTER_TICKS: Final = 30
"""A gateway that is silent while another ticks this often no longer holds the clock back."""


class PartitionClock:
    """The smallest last tick of the gateways that are alive; never goes back.

    `now_ms` is None until the first tick; `started_ms` is its first time, for ever.
    """

    def __init__(self) -> None:
        self.now_ms: int | None = None
        self.started_ms: int | None = None
        self._last: dict[int, int] = {}
        self._missed: dict[int, dict[int, int]] = {}

    def tick(self, gateway: int, tick_at_ms: int) -> int | None:
        """Take one tick; the new time if the clock moved."""
        self._last[gateway] = max(tick_at_ms, self._last.get(gateway, tick_at_ms))
        self._missed[gateway] = {}
        for other, missed in self._missed.items():
            if other != gateway:
                missed[gateway] = missed.get(gateway, 0) + 1
        now_ms = min(
            last
            for other, last in self._last.items()
            if max(self._missed[other].values(), default=0) < IGNORED_AFTER_TICKS
        )
        if self.now_ms is not None and now_ms <= self.now_ms:
            return None
        self.now_ms = now_ms
        if self.started_ms is None:
            self.started_ms = now_ms
        return now_ms

    @property
    def latest_ms(self) -> int:
        """The latest of any gateway's ticks, 0 before the first."""
        return max(self._last.values(), default=0)

    def snapshot(self) -> dict[str, Any]:
        """What `restored` needs, as JSON."""
        return {
            "now": self.now_ms,
            "started": self.started_ms,
            "gateways": [[g, last, [*self._missed[g].items()]] for g, last in self._last.items()],
        }

    @classmethod
    def restored(cls, snapshot: dict[str, Any]) -> "PartitionClock":
        clock = cls()
        clock.now_ms, clock.started_ms = snapshot["now"], snapshot["started"]
        for gateway, last, missed in snapshot["gateways"]:
            clock._last[gateway] = last
            clock._missed[gateway] = dict(missed)
        return clock
