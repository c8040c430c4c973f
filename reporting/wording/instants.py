"""Instants by the clock on the wall."""

from datetime import datetime
from zoneinfo import ZoneInfo


def wall(at_ms: int, zone: ZoneInfo) -> str:
    """To the minute: `2026-06-01 21:00`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M}"


def wall_to_the_second(at_ms: int, zone: ZoneInfo) -> str:
    """`2026-06-01 21:00:00`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"
