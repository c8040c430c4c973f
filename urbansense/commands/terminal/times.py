"""Instants as the commands print them."""

from datetime import datetime
from zoneinfo import ZoneInfo


def local_time(instant_ms: int | None, zone: ZoneInfo) -> str:
    """`2026-06-01 21:00:00` in the zone; empty without an instant."""
    if instant_ms is None:
        return ""
    return f"{datetime.fromtimestamp(instant_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"
