"""InfluxDB line protocol, built by hand: a client's `Point` objects cost 7 µs each, more than all the rest. Pure.

    measurement,tag=value,tag=value field=1.5,field="text",field=3i 1763772000123

Source: InfluxDB 2 reference, line protocol. What it cannot carry (a line break; a backslash before a separator) stands in
tags, names and free texts as `%` and two hexadecimal digits: `carried` writes that and `uncarried` reads it back.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite
from typing import Final

_UNCARRIABLE: Final = re.compile(r"[\x00-\x1f\x7f%\\]")
_CARRIED: Final = re.compile(r"%([0-9A-F]{2})")
_SEPARATORS: Final = re.compile(r"([,= ])")
_QUOTED: Final = re.compile(r'(["\\])')


def carried(text: str) -> str:
    """`text` with control characters, backslashes and `%` itself written as `%0A` and the like."""
    return _UNCARRIABLE.sub(lambda match: f"%{ord(match[0]):02X}", text)


def uncarried(text: str) -> str:
    """The text that `carried` was given."""
    return _CARRIED.sub(lambda match: chr(int(match[1], 16)), text)


@lru_cache(maxsize=4096)
def escaped(text: str) -> str:
    """`text` as a tag key, tag value or field key; never empty for a text that is not."""
    return _SEPARATORS.sub(r"\\\1", carried(text))


def measurement_name(text: str) -> str:
    """`text` as the server will know the measurement; a `#` at its start would make the line a comment."""
    name = carried(text)
    return f"%23{name[1:]}" if name.startswith("#") else name


def series_key(measurement: str, *tags: tuple[str, str | None]) -> str:
    """Measurement and tags as a line begins with them; a tag without a value is left out.

    Order: as given. Sorted by key is quickest for the server.
    """
    name = measurement_name(measurement).replace(",", r"\,").replace(" ", r"\ ")
    return ",".join((name, *(f"{escaped(k)}={escaped(v)}" for k, v in tags if v)))


def float_field(value: float) -> str:
    """A field value of type float whatever the type of `value`, so that a field never changes its type; True is 1.0.

    Raises: ValueError for NaN and infinities, which line protocol cannot carry.
    """
    if not isfinite(value):
        raise ValueError(f"{value} is no field value")
    return repr(float(value))


def integer_field(value: int) -> str:
    """A field value of type integer, signed 64 bits."""
    return f"{value}i"


def string_field(value: str) -> str:
    """A field value of type string. Raises: ValueError for a line break; free text goes through `text_field`."""
    if "\n" in value or "\r" in value:
        raise ValueError("a line break cannot stand in a string field")
    return '"' + _QUOTED.sub(r"\\\1", value) + '"'


def text_field(text: str) -> str:
    """A field value of type string that holds any text, as `carried` writes it."""
    return f'"{text}"' if text.isalnum() else string_field(carried(text))


def point(series: str, fields: Sequence[str], time_ms: int) -> str:
    """One line, without its end. `fields` are `key=value` with the key `escaped` and the value as above, at least one."""
    return f"{series} {','.join(fields)} {time_ms}"
