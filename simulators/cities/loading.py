"""City files from YAML, with everything wrong in them named at once, as `file:line: part: what`."""

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from documents.located_yaml.document import LocatedDocument, load_typed_document
from documents.located_yaml.reading import BadYaml, NotYaml
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
        document = load_typed_document(text, name)
    except NotYaml as error:
        where = name if error.line is None else f"{name}:{error.line}"
        raise ConfigurationError(f"{where}: {error.reason}") from error
    except BadYaml as error:
        raise ConfigurationError(list(map(str, error.problems))) from error
    if not isinstance(document.value, dict) or not isinstance(document.root.value, dict):
        raise ConfigurationError(f"{name}:1: a city is a mapping of {', '.join(CityFile.model_fields)}")
    problems = [(key.line, f"{key.value} is there twice") for key in document.repeated]
    try:
        city = CityFile.model_validate(document.value)
    except ValidationError as error:
        for one in error.errors():
            place = [step for step in one["loc"] if step != "[key]"]
            part = ".".join(map(str, place)) or "the city"
            problems.append((_line_of(place, document), f"{part}: {_plain(one['msg'])}"))
    else:
        problems += _misfits(city, document)
    if problems:
        by_line = sorted(problems, key=lambda problem: problem[0])
        raise ConfigurationError([f"{name}:{line}: {what}" for line, what in by_line])
    return city


def _misfits(city: CityFile, document: LocatedDocument) -> Iterator[tuple[int, str]]:
    """What no single part can know to be wrong."""
    try:
        storm_formula(city.weather.formula)
    except ConfigurationError as error:
        yield _line_of(["weather", "formula"], document), f"weather.formula: {error}"


def _line_of(path: Sequence[str | int], document: LocatedDocument) -> int:
    """The line of a part, or of what it stands in where it is missing; 1 where nothing is known."""
    return 1 if document.nearest(path) is document.root else document.place_of(path).line


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
