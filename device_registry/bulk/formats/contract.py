"""The formats of a devices file, and what each reader hands on."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePath
from typing import Final, NamedTuple, Protocol

from device_registry.bulk.columns import RowProblem
from domain.errors import ConfigurationError

MOST_ROW_BYTES: Final = 1024 * 1024
"""A row beyond this is refused by its number, and never held."""


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    GEOJSON = "geojson"

    @property
    def guarded(self) -> bool:
        """Whether spreadsheets open it, so that formulas stand behind apostrophes."""
        return self is not Format.GEOJSON

    @property
    def place(self) -> str:
        """What a row is called there."""
        return {Format.CSV: "line", Format.XLSX: "row", Format.GEOJSON: "feature"}[self]


class RawRow(NamedTuple):
    """A row as it came: cells by column, what does not fit under any column, and what is wrong with the row as such."""

    line: int
    cells: dict[str, str]
    extra: tuple[str, ...] = ()
    errors: tuple[RowProblem, ...] = ()


class FileReader(Protocol):
    """The rows of one file, read once. `columns` is known as soon as it is made; `position` is how many bytes are read.

    Raises, when made or while read: UnreadableFile.
    """

    columns: tuple[str, ...]

    @property
    def position(self) -> int: ...

    def __iter__(self) -> Iterator[RawRow]: ...


def format_of(name: str) -> Format:
    """The format by a file's name. Raises: ConfigurationError where that names none."""
    suffix = PurePath(name).suffix.lower()
    if suffix in (".csv", ".txt"):
        return Format.CSV
    if suffix in (".xlsx", ".xlsm"):
        return Format.XLSX
    if suffix in (".geojson", ".json"):
        return Format.GEOJSON
    raise ConfigurationError(f"{name}: which format is it? Name it .csv, .xlsx or .geojson, or give --format")
