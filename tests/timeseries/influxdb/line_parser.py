"""A small reader of line protocol, written from its specification and not from our writer.

Source: InfluxDB 2 reference, "Line protocol", sections on elements, special characters and data types.
"""

import re
from typing import NamedTuple

Value = float | int | bool | str


class Point(NamedTuple):
    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value]
    time: int


def parse_line(line: str) -> Point:
    """The point of one line. Raises: ValueError where the line breaks the specification."""
    if line.startswith("#") or "\n" in line:
        raise ValueError("a comment, or more than one line")
    series, rest = _cut(line, " ", escapes="\\")
    fields, time = _cut_fields(rest)
    measurement, *tags = _split(series, ",")
    pairs = [_split(tag, "=") for tag in tags]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ValueError(f"a tag is no pair: {pairs}")
    return Point(
        _unescape(measurement, ", "),
        {_unescape(key, ",= "): _unescape(value, ",= ") for key, value in pairs},
        fields,
        int(time),
    )


def _cut(text: str, at: str, escapes: str) -> tuple[str, str]:
    """What stands before and after the first `at` that no backslash precedes."""
    position = 0
    while position < len(text):
        if text[position] in escapes:
            position += 2
        elif text[position] == at:
            return text[:position], text[position + 1 :]
        else:
            position += 1
    raise ValueError(f"no {at!r} in {text!r}")


def _split(text: str, at: str) -> list[str]:
    parts: list[str] = []
    while True:
        try:
            head, text = _cut(text, at, "\\")
        except ValueError:
            return [*parts, text]
        parts.append(head)


def _cut_fields(text: str) -> tuple[dict[str, Value], str]:
    fields: dict[str, Value] = {}
    while True:
        key, text = _cut(text, "=", "\\")
        end, quoted = 0, False
        while end < len(text) and (quoted or text[end] not in ", "):
            if quoted and text[end] == "\\":
                end += 1
            elif text[end] == '"':
                quoted = not quoted
            end += 1
        if not key or quoted or end >= len(text):
            raise ValueError(f"a field without key, value or end: {key!r} {text!r}")
        fields[_unescape(key, ",= ")] = _value(text[:end])
        separator, text = text[end], text[end + 1 :]
        if separator == " ":
            return fields, text


def _value(text: str) -> Value:
    if text[0] == '"' and text[-1] == '"' and len(text) > 1:
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text in ("t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"):
        return text[0] in "tT"
    if text[-1] == "i":
        return int(text[:-1])
    if text.lstrip("+-")[0] not in "0123456789.":
        raise ValueError(f"no number: {text!r}")
    return float(text)


def _unescape(text: str, specials: str) -> str:
    for special in specials:
        text = text.replace(f"\\{special}", special)
    if text.endswith("\\"):
        raise ValueError(f"{text!r} would escape what follows it")
    return text
