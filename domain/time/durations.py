"""Durations in short form and instants in text."""

import re
from datetime import UTC, datetime

from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

_UNIT_MS = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_LONGEST_MS = 365_000 * DAY_MS
_SHORT_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def parse_duration_ms(text: str) -> int:
    """Milliseconds in a short form: `250ms`, `90s`, `10m`, `2h`, `7d`.

    Raises: ValueError where the text is no short form, naming the forms there are, or longer than a thousand years.
    """
    match = _SHORT_FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:80]!r} is not a duration; write a number and a unit: 250ms, 90s, 10m, 2h or 7d")
    duration_ms = float(match[1]) * _UNIT_MS[match[2]]
    if duration_ms > _LONGEST_MS:
        raise ValueError(f"{text[:80]!r} is longer than a thousand years")
    return round(duration_ms)


def format_duration(duration_ms: int) -> str:
    """The short form with the largest unit that leaves a whole number: 600000 → `10m`."""
    for unit in ("d", "h", "m", "s"):
        if duration_ms and duration_ms % _UNIT_MS[unit] == 0:
            return f"{duration_ms // _UNIT_MS[unit]}{unit}"
    return f"{duration_ms}ms"


def parse_instant_ms(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 instant; fractions beyond the microsecond are cut off.

    Time: the offset (`Z` or `+08:00`) is required, so that no reader has to guess a time zone.
    Raises: ValueError where the text is no instant or lacks the offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write for example 2026-06-01T21:00:00+08:00")
    return (instant - _EPOCH) // _MILLISECOND


def format_instant(instant_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-06-01T13:00:00.000Z`."""
    seconds, millis = divmod(instant_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = (datetime.fromtimestamp(1, UTC) - _EPOCH) / 1000
