"""The short notation for a series of readings in a rule test.

80x30       thirty readings of 80          80          one reading
_x5         five times no reading          true x2     written truex2
1.0..1.5x6  a straight line of six readings, both ends included
12?  12!x3  a reading marked suspect; three marked bad
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from domain.telemetry import Quality

_MARKS: Final[dict[str | None, Quality | None]] = {None: None, "?": "suspect", "!": "bad"}
MAX_READINGS: Final = 100_000
_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_TOKEN: Final = re.compile(
    rf"^(?P<first>_|true|false|{_NUMBER})(?:\.\.(?P<last>{_NUMBER}))?(?P<mark>[?!])?(?:x(?P<count>\d+))?$"
)

Value = float | bool | None


class SeriesReading(NamedTuple):
    """One reading, None where there is none, and its quality where that is not good."""

    value: Value
    quality: Quality | None = None


def parse_series(text: str) -> list[SeriesReading]:
    """The readings of a series, in order. Raises: ValueError naming the token that is wrong."""
    values: list[SeriesReading] = []
    for token in text.split():
        values += _token(token)
        if len(values) > MAX_READINGS:
            raise ValueError(f"the series is longer than {MAX_READINGS:,} readings")
    return values


def _token(token: str) -> Iterator[SeriesReading]:
    match = _TOKEN.match(token)
    if match is None:
        raise ValueError(f"{token!r} is no reading; write 80x30, _x5, truex3 or 1.0..1.5x6")
    count = int(match["count"] or 1)
    if not 1 <= count <= MAX_READINGS:
        raise ValueError(f"{token!r}: the count must be between 1 and {MAX_READINGS:,}")
    if match["last"] is not None:
        if match["first"] in ("_", "true", "false") or count < 2:
            raise ValueError(f"{token!r}: a line needs two numbers and at least two readings, such as 1.0..1.5x6")
        return _line(float(match["first"]), float(match["last"]), count, _MARKS[match["mark"]])
    words: dict[str, Value] = {"_": None, "true": True, "false": False}
    value = words[match["first"]] if match["first"] in words else float(match["first"])
    return iter([SeriesReading(value, _MARKS[match["mark"]])] * count)


def _line(first: float, last: float, count: int, quality: Quality | None) -> Iterator[SeriesReading]:
    for i in range(count):
        yield SeriesReading(round(first + (last - first) * i / (count - 1), 9), quality)
