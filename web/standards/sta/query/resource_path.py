"""The path of a request, taken apart: `Things('SL-1')/Datastreams/$ref`. Pure.

Source: OGC 18-088, section 9.2.
"""

import re
from typing import Final, NamedTuple

_SEGMENT: Final = re.compile(r"([A-Za-z][\w.@-]*|@iot\.\w+|\$ref|\$value)(?:\((?:'((?:[^']|'')*)'|(-?\d{1,18}))\))?")
_WORD: Final = re.compile(r"[\w.@-]+")
_MOST_SEGMENTS: Final = 12


class Segment(NamedTuple):
    """One step: a set, a navigation, a property or `$ref` and `$value`; `key` is the id in parentheses."""

    name: str
    key: str | None = None


def parse_path(path: str) -> tuple[Segment, ...]:
    """The segments of a path below the service's root, none for the root itself. Raises: ValueError."""
    segments: list[Segment] = []
    at, end = 0, len(path.rstrip("/"))
    while at < end:
        match = _SEGMENT.match(path, at) or _WORD.match(path, at)
        if match is None or (match.end() < end and path[match.end()] != "/"):
            raise ValueError(f"the path cannot be read at {path[at : at + 40]!r}; write for example Things('SL-1')")
        segments.append(_segment(match))
        at = match.end() + 1
        if len(segments) > _MOST_SEGMENTS:
            raise ValueError(f"the path has more than {_MOST_SEGMENTS} steps")
    return tuple(segments)


def _segment(match: re.Match[str]) -> Segment:
    if match.re is _WORD:
        return Segment(match[0])
    key = match[2].replace("''", "'") if match[2] is not None else match[3]
    return Segment(match[1], key)
