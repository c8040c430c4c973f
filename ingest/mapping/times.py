"""The time that a device gave, in the format of its profile; and what a time that cannot be right looks like. Pure."""

import re
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from domain.devices import TimeFormat
from domain.time.durations import parse_instant_ms

_MS_OF: Final[dict[TimeFormat, Decimal]] = {
    "s": Decimal(1000), "ms": Decimal(1), "us": Decimal("0.001"), "ns": Decimal("0.000001"),
}  # fmt: skip
_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,12})?")
_WORDS: Final[dict[TimeFormat, str]] = {
    "s": "seconds", "ms": "milliseconds as text", "us": "microseconds", "ns": "nanoseconds", "iso8601": "ISO 8601",
}  # fmt: skip


def instant_ms(given: object, time_format: TimeFormat) -> int | None:
    """Epoch ms of a time in that format, a number also as text; None where it is none.

    Time: what is finer than a millisecond is cut off. ISO 8601 needs its offset, so that no time zone is guessed.
    """
    if time_format == "iso8601":
        return _from_iso8601(given)
    if isinstance(given, str) and _NUMBER.fullmatch(given):
        number = Decimal(given)
    elif isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 1e20:
        number = Decimal(repr(given))
    else:
        return None
    return int((number * _MS_OF[time_format]).to_integral_value(ROUND_FLOOR))


def likeness(given: object, earliest_ms: int, latest_ms: int) -> str:
    """What a refused time seems to be, and the remedy, as the end of a sentence; empty where it seems to be nothing."""
    if isinstance(given, str) and _from_iso8601(given) is None and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]", given):
        return "; this looks like ISO 8601 without its UTC offset: send it (+08:00), or milliseconds since 1970"
    for time_format, words in _WORDS.items():
        at_ms = instant_ms(given, time_format)
        if at_ms is not None and earliest_ms <= at_ms <= latest_ms and (time_format != "ms" or isinstance(given, str)):
            return (
                f"; this looks like {words}: send milliseconds since 1970 as a number, "
                f'or give the profile "time": "{time_format}"'
            )
    return ""


def _from_iso8601(given: object) -> int | None:
    if not isinstance(given, str) or len(given) > 40:
        return None
    try:
        return parse_instant_ms(given)
    except (ValueError, OverflowError):
        return None
