"""Whether more reports than usual come too late to be judged, as they do when a clock has run ahead.

Pure: time is the log's own, as records carry it.
"""

from collections import deque
from typing import Final, NamedTuple

from domain.time.units import MINUTE_MS

WINDOW_MS: Final = 10 * MINUTE_MS
LEAST: Final = 20
SHARE: Final = 0.2
MOST_SHARE: Final = 0.5


class ReportFates(NamedTuple):
    """How many reports rules were asked about, and how many of these came too late to be judged."""

    reports: int = 0
    too_late: int = 0

    @property
    def share(self) -> float:
        """0 to 1; 0 where there were none."""
        return self.too_late / self.reports if self.reports else 0.0

    def plus(self, other: "ReportFates") -> "ReportFates":
        return ReportFates(self.reports + other.reports, self.too_late + other.too_late)


class RecentFates:
    """The fates of the last ten minutes' reports, from sums that only grow. Shape: at most a dozen sums are kept."""

    def __init__(self, sums: ReportFates) -> None:
        self._newest = sums
        self._by_minute: deque[tuple[int, ReportFates]] = deque()

    def note(self, log_ms: int, sums: ReportFates) -> None:
        """The sums behind a record that the log took at `log_ms`; a log whose time goes back begins anew."""
        kept = self._by_minute
        if kept and log_ms < kept[-1][0]:
            kept.clear()
        if not kept or log_ms - kept[-1][0] >= MINUTE_MS:
            kept.append((log_ms, self._newest))
        while log_ms - kept[0][0] > WINDOW_MS:
            kept.popleft()
        self._newest = sums

    def recent(self) -> ReportFates:
        """Those since the oldest sums that are kept."""
        _, before = self._by_minute[0] if self._by_minute else (0, self._newest)
        return ReportFates(self._newest.reports - before.reports, self._newest.too_late - before.too_late)


def describe_ill(recent: ReportFates, ever: ReportFates) -> str | None:
    """What is wrong where too many of the recent reports came too late, else None.

    That is LEAST of them and a fifth of all, and half of all or twice the share that is usual here.
    """
    is_much = recent.too_late >= LEAST and recent.share >= SHARE
    if not is_much or (recent.share < MOST_SHARE and recent.share < 2 * ever.share):
        return None
    return f"{recent.share:.0%} of the reports of the last ten minutes came too late to be judged (usual: {ever.share:.1%})"
