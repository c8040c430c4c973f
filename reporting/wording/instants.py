"""Instants by the clock on the wall."""

from datetime import datetime
from zoneinfo import ZoneInfo


def wall(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M}"
