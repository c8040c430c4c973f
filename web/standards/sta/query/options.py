"""The query options of a request: `$filter $count $orderby $skip $top $expand $select`, nested ones included. Pure.

Source: OGC 18-088, section 9.3.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlencode

from web.standards.sta.query.expressions import Expression, InvalidQuery
from web.standards.sta.query.filter_parser import parse_filter, parse_orderby

_T = TypeVar("_T")
DEFAULT_TOP: Final = 100
MOST_TOP: Final = 1000
_DEEPEST: Final = 5
_LONGEST: Final = 20_000
_EXPANSION: Final = re.compile(r"(\w+(?:/\w+)*)\s*(?:\((.*)\))?", re.DOTALL)
_KNOWN: Final = ("$filter", "$count", "$orderby", "$skip", "$top", "$expand", "$select", "$skiptoken", "$resultFormat")


@dataclass(frozen=True, slots=True)
class Expansion:
    """One navigation to follow, and how its target is to be shown."""

    navigation: str
    options: "Options"


@dataclass(frozen=True, slots=True)
class Options:
    """`given` holds the options as they were written, for the link to the next page."""

    filter: Expression | None = None
    count: bool = False
    orderby: tuple[tuple[Expression, bool], ...] = ()
    skip: int = 0
    top: int = DEFAULT_TOP
    expand: tuple[Expansion, ...] = ()
    select: tuple[str, ...] = ()
    skiptoken: str | None = None
    given: tuple[tuple[str, str], ...] = field(default=())

    def next_query(self, **replaced: str | int) -> str:
        """The query of the page behind this one: `$skip` or `$skiptoken` as given here, the rest as it was."""
        kept = [(name, value) for name, value in self.given if name not in ("$skip", "$skiptoken")]
        return urlencode([*kept, *((f"${name}", value) for name, value in replaced.items())], safe="$,()/:;'@")


def parse_options(pairs: Iterable[tuple[str, str]], depth: int = 0) -> Options:
    """The options in the pairs of a query string. Raises: InvalidQuery, with the name of the option."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in _KNOWN:
            raise InvalidQuery(f"there is no option {name!r}; known are {', '.join(_KNOWN[:7])}")
        if name in given:
            raise InvalidQuery(f"{name} is given twice")
        if len(value) > _LONGEST:
            raise InvalidQuery(f"{name} is longer than {_LONGEST} characters")
        given[name] = value
    if "$resultFormat" in given:
        raise InvalidQuery("$resultFormat: only the usual JSON can be had")
    return Options(
        filter=_parsed("$filter", parse_filter, given),
        count=_boolean(given.get("$count", "false")),
        orderby=_parsed("$orderby", parse_orderby, given) or (),
        skip=_number("$skip", given.get("$skip", "0")),
        top=min(_number("$top", given.get("$top", str(DEFAULT_TOP))), MOST_TOP),
        expand=tuple(_parse_expand(given["$expand"], depth)) if "$expand" in given else (),
        select=tuple(_names("$select", given["$select"])) if "$select" in given else (),
        skiptoken=given.get("$skiptoken"),
        given=tuple(given.items()),
    )


def _parsed(name: str, parse: Callable[[str], _T], given: dict[str, str]) -> _T | None:
    if name not in given:
        return None
    try:
        return parse(given[name])
    except InvalidQuery as error:
        raise InvalidQuery(f"{name}, {error}") from error


def _parse_expand(text: str, depth: int) -> Iterator[Expansion]:
    """`Datastreams($top=3;$expand=Sensor),Locations` and `Datastreams/Sensor`, which is the same in short.

    `Datastreams/Sensor,Datastreams/ObservedProperty` follows `Datastreams` once; its options are those of the first.
    """
    if depth >= _DEEPEST:
        raise InvalidQuery(f"$expand is nested deeper than {_DEEPEST} levels")
    joined: dict[str, dict[str, str]] = {}
    for piece in _split(text, ","):
        match = _EXPANSION.fullmatch(piece.strip())
        if match is None:
            raise InvalidQuery(f"$expand: {piece.strip()!r} cannot be read; write Datastreams($top=3),Locations")
        first, *rest = match[1].split("/")
        given: dict[str, str] = {}
        if rest:
            given["$expand"] = f"{'/'.join(rest)}({match[2]})" if match[2] is not None else "/".join(rest)
        else:
            for name, value in _nested_pairs(match[2] or ""):
                if name in given:
                    raise InvalidQuery(f"{name} is given twice")
                given[name] = value
        known = joined.setdefault(first, {})
        inner = ",".join(filter(None, (known.get("$expand"), given.get("$expand"))))
        joined[first] = {**given, **known, **({"$expand": inner} if inner else {})}
    for navigation, options in joined.items():
        yield Expansion(navigation, parse_options(options.items(), depth + 1))


def _nested_pairs(text: str) -> Iterator[tuple[str, str]]:
    for piece in _split(text, ";"):
        name, equals, value = piece.partition("=")
        if not equals:
            raise InvalidQuery(f"$expand: {piece.strip()!r} is no option; write for example $top=3")
        yield name.strip(), value.strip()


def _split(text: str, mark: str) -> list[str]:
    """The text at every mark that stands neither in quotes nor in parentheses; none of an empty text."""
    pieces, start, depth, quoted = [], 0, 0, False
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")")
            if depth < 0:
                raise InvalidQuery(f"$expand: a `)` too many in {text!r}")
            if letter == mark and depth == 0:
                pieces.append(text[start:at])
                start = at + 1
    if depth or quoted:
        raise InvalidQuery(f"$expand: {'a quote' if quoted else 'a `(`'} is not closed in {text!r}")
    return [*pieces, text[start:]] if text.strip() else []


def _names(option: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise InvalidQuery(f"{option}: {text!r} cannot be read; write names with commas between")
    return names


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidQuery(f"$count: {text!r} is neither true nor false")
    return text == "true"


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InvalidQuery(f"{name}: {text!r} is no whole number from 0 to 999999999")
    return int(text)
