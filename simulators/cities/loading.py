"""City files from YAML, with everything wrong in them told at once, as `file:line: part: what`."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from domain.errors import ConfigurationError
from simulators.cities.schema import CityFile
from simulators.weather.storms import storm_formula

_SHIPPED: Final = resources.files("simulators.cities")
_SUFFIX: Final = ".yaml"


def city_names() -> tuple[str, ...]:
    """The cities that are shipped, by name."""
    names = (path.name for path in _SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def load_city(name: str | Path) -> CityFile:
    """The city of a shipped name or of a file; what ends in .yaml or .yml or holds a slash is a path.

    Raises: ConfigurationError with every problem, each with its line.
    """
    text = str(name)
    if isinstance(name, Path) or "/" in text or text.endswith((_SUFFIX, ".yml")):
        path = Path(name)
        try:
            return read_city(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    if text not in city_names():
        known = ", ".join(city_names())
        raise ConfigurationError(f"there is no city {text!r}; there are {known}, or give the path of a file")
    return read_city((_SHIPPED / f"{text}{_SUFFIX}").read_text(encoding="utf-8"), f"{text}{_SUFFIX}")


def read_city(text: str, name: str) -> CityFile:
    """The city of a YAML text; `name` stands before the line in problems. Raises: ConfigurationError."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise ConfigurationError(f"{name}:{line}: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name}: {error}") from error
    if not isinstance(document, dict) or not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{name}:1: a city is a mapping of {', '.join(CityFile.model_fields)}")
    lines = dict(_lines(node, ()))
    problems = [f"{name}:{line}: {what}" for line, what in _twice(node)]
    try:
        city = CityFile.model_validate(document)
    except ValidationError as error:
        for one in error.errors():
            place = tuple(str(step) for step in one["loc"] if step != "[key]")
            problems.append(f"{name}:{_line_of(place, lines)}: {'.'.join(place) or 'the city'}: {_told(one['msg'])}")
    else:
        problems += [f"{name}:{line}: {what}" for line, what in _misfits(city, lines)]
    if problems:
        raise ConfigurationError(sorted(problems, key=lambda problem: int(problem[len(name) + 1 :].split(":")[0])))
    return city


def _misfits(city: CityFile, lines: dict[tuple[str, ...], int]) -> Iterator[tuple[int, str]]:
    """What no single part can know to be wrong."""
    try:
        storm_formula(city.weather.formula)
    except ConfigurationError as error:
        yield _line_of(("weather", "formula"), lines), f"weather.formula: {error}"


def _lines(node: yaml.Node, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The line of everything in a document by its place, from 1; keys count, not their values."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            own = (*place, str(key.value))
            yield own, key.start_mark.line + 1
            yield from _lines(value, own)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            own = (*place, str(number))
            yield own, value.start_mark.line + 1
            yield from _lines(value, own)


def _twice(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Keys that stand twice in one mapping, of which YAML would keep the last without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"{key.value} is there twice"
            seen.add(key.value)
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value)


def _line_of(place: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> int:
    """The line of a place, or of what it stands in where it is missing; 1 where nothing is known."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _told(message: str) -> str:
    return message.removeprefix("Value error, ")
