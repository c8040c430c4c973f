"""The period cut into hours, days or minutes of the wall clock, to count events by."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_WIDTHS: Final = (
    ("minute", timedelta(minutes=1)),
    ("5 minutes", timedelta(minutes=5)),
    ("15 minutes", timedelta(minutes=15)),
    ("hour", timedelta(hours=1)),
)
_MOST: Final = 48


class Buckets:
    """The stretches of [from_ms, to_ms) by the clock of a zone: whole days where hours would be too many to look at.

    `name` is how long one lasts, `starts_ms` where each begins; the first begins at or before `from_ms`.
    """

    def __init__(self, from_ms: int, to_ms: int, zone: ZoneInfo) -> None:
        self.from_ms = from_ms
        self.to_ms = to_ms
        self._zone = zone
        length = timedelta(milliseconds=to_ms - from_ms)
        width = next(((name, w) for name, w in _WIDTHS if length <= _MOST * w), None)
        begin = datetime.fromtimestamp(from_ms / 1000, zone)
        self.name = "day" if width is None else width[0]
        self.starts_ms = self._days(begin) if width is None else self._even(begin, width[1])

    def holds(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms < self.to_ms

    def day_of(self, at_ms: int) -> str:
        """The date of the wall clock, `2026-11-01`."""
        return datetime.fromtimestamp(at_ms / 1000, self._zone).date().isoformat()

    def count(self, instants_ms: Iterable[int]) -> list[int]:
        """How many fall into each."""
        counts = [0] * len(self.starts_ms)
        for at_ms in instants_ms:
            counts[bisect_right(self.starts_ms, at_ms) - 1] += 1
        return counts

    def _even(self, begin: datetime, width: timedelta) -> list[int]:
        width_ms = round(width.total_seconds() * 1000)
        offset_ms = round((begin.utcoffset() or timedelta()).total_seconds() * 1000)
        first_ms = (self.from_ms + offset_ms) // width_ms * width_ms - offset_ms
        return list(range(first_ms, self.to_ms, width_ms))

    def _days(self, begin: datetime) -> list[int]:
        starts = []
        day = begin.replace(hour=0, minute=0, second=0, microsecond=0)
        while (start_ms := round(day.timestamp() * 1000)) < self.to_ms:
            starts.append(start_ms)
            day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=self._zone)
        return starts
