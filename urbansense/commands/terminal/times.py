"""Instants as the commands print them."""

from zoneinfo import ZoneInfo

from domain.time.instants import in_zone


def local_time(instant_ms: int | None, zone: ZoneInfo) -> str:
    """`2026-06-01 21:00:00` in the zone; empty without an instant."""
    if instant_ms is None:
        return ""
    return f"{in_zone(instant_ms, zone):%Y-%m-%d %H:%M:%S}"
