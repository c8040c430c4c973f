"""Instants on the wall clock of a zone, whatever they are."""

from datetime import UTC, datetime, tzinfo
from typing import Final

from domain.time.units import DAY_MS

_EARLIEST_MS: Final = int(datetime(1, 1, 2, tzinfo=UTC).timestamp()) * 1000
_LATEST_MS: Final = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * 1000 - DAY_MS


def in_zone(at_ms: int, zone: tzinfo) -> datetime:
    """An instant (epoch ms) in a zone; one beyond all calendars is the first or last day of those, never an error."""
    return datetime.fromtimestamp(min(max(at_ms, _EARLIEST_MS), _LATEST_MS) / 1000, zone)
