"""Durations in few words."""

from typing import Final

from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def duration(duration_ms: int | None) -> str:
    """To the two largest units, `2h 5m`; empty without one."""
    if duration_ms is None:
        return ""
    if duration_ms < 1000:
        return f"{duration_ms}ms" if duration_ms else "0s"
    left_s = round(duration_ms / 1000)
    words: list[str] = []
    for unit_s, sign in _UNITS:
        if left_s >= unit_s and len(words) < 2:
            words.append(f"{left_s // unit_s}{sign}")
            left_s %= unit_s
    return " ".join(words)


def decimal_duration(duration_ms: float | None) -> str:
    """In one unit, `1.5 h`: minutes up to an hour, then hours up to two days, then days; a dash for none."""
    if duration_ms is None:
        return "–"
    if duration_ms < HOUR_MS:
        return f"{duration_ms / MINUTE_MS:.0f} min"
    if duration_ms < 2 * DAY_MS:
        return f"{duration_ms / HOUR_MS:.1f} h"
    return f"{duration_ms / DAY_MS:.1f} d"
