"""The functions of `$filter`: what each takes, what it gives. Times are in UTC.

A function of something that is not of its type (a missing property, say) gives null, and null makes no condition true.
Source: OGC 18-088, table 24.
"""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from web.standards.sta.query.geography import Geography, distance, intersects, within

Kind = type | tuple[type, ...]
_NUMBER: Final = (int, float)
_PLACE: Final = (dict, Geography)


class Function(NamedTuple):
    takes: tuple[Kind, ...]
    compute: Callable[..., Any]
    is_condition: bool = False

    def __call__(self, arguments: list[Any]) -> Any:
        fits = all(
            isinstance(value, kind) and not (isinstance(value, bool) and kind is _NUMBER)
            for value, kind in zip(arguments, self.takes, strict=True)
        )
        try:
            return self.compute(*arguments) if fits else None
        except ArithmeticError:  # of a number too large for the function
            return None


def _utc(part: Callable[[datetime], Any]) -> Function:
    return Function((datetime,), lambda instant: part(instant.astimezone(UTC)))


def _substring(text: str, start: float) -> str:
    return text[max(int(start), 0) :] if math.isfinite(start) else ""


def _round(number: float) -> float:
    return math.floor(number + 0.5) if math.isfinite(number) else number


FUNCTIONS: Final[dict[str, Function]] = {
    "substringof": Function((str, str), lambda part, text: part in text, True),
    "contains": Function((str, str), lambda text, part: part in text, True),
    "startswith": Function((str, str), lambda text, part: text.startswith(part), True),
    "endswith": Function((str, str), lambda text, part: text.endswith(part), True),
    "length": Function((str,), len),
    "indexof": Function((str, str), lambda text, part: text.find(part)),
    "substring": Function((str, _NUMBER), _substring),
    "tolower": Function((str,), str.lower),
    "toupper": Function((str,), str.upper),
    "trim": Function((str,), str.strip),
    "concat": Function((str, str), lambda one, other: one + other),
    "year": _utc(lambda instant: instant.year),
    "month": _utc(lambda instant: instant.month),
    "day": _utc(lambda instant: instant.day),
    "hour": _utc(lambda instant: instant.hour),
    "minute": _utc(lambda instant: instant.minute),
    "second": _utc(lambda instant: instant.second),
    "fractionalseconds": _utc(lambda instant: instant.microsecond / 1e6),
    "date": _utc(lambda instant: date(instant.year, instant.month, instant.day)),
    "totaloffsetminutes": _utc(lambda instant: 0),
    "round": Function((_NUMBER,), _round),
    "floor": Function((_NUMBER,), lambda number: math.floor(number) if math.isfinite(number) else number),
    "ceiling": Function((_NUMBER,), lambda number: math.ceil(number) if math.isfinite(number) else number),
    "st_within": Function((_PLACE, _PLACE), within, True),
    "st_intersects": Function((_PLACE, _PLACE), intersects, True),
    "st_equals": Function((_PLACE, _PLACE), within, True),
    "st_disjoint": Function((_PLACE, _PLACE), lambda one, other: _inverted(intersects(one, other)), True),
    "geo.intersects": Function((_PLACE, _PLACE), intersects, True),
    "geo.distance": Function((_PLACE, _PLACE), distance),
}


def _inverted(truth: bool | None) -> bool | None:
    return None if truth is None else not truth
