"""A recorded series as one device's reports: a CSV with a time column and columns of values."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError
from domain.quantities.catalogue import CATALOGUE, Quantity
from domain.quantities.units import IDENTITY, Conversion
from domain.telemetry import Reading
from domain.time.durations import parse_instant_ms
from simulators.dialects.reports import Report

_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class ReplayedDevice:
    """Who sends the series. `area` is only the hint in the MQTT topic; the registry's area wins."""

    device_id: str
    kind: str
    area: str | None = None


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """One column of values: which quantity it holds, and how to get to that quantity's canonical unit."""

    header: str
    quantity: Quantity
    conversion: Conversion = IDENTITY


def parse_column(text: str) -> ValueColumn:
    """The column that `header=quantity[:unit]` names; without a unit the values are canonical already.

    The header may hold `=` and `:`, since the last `=` counts: `Water flow [l/s]=flow_rate:L/s`.
    Raises: ConfigurationError for another form, an unknown quantity, or a unit (UCUM) that cannot be converted.
    """
    header, equals, meaning = text.rpartition("=")
    name, _, unit = meaning.partition(":")
    if not equals or not header or not name:
        raise ConfigurationError(f"column {text!r}: write header=quantity[:unit], as in 'Flow [l/s]=flow_rate:L/s'")
    quantity = CATALOGUE.get(name)
    if quantity is None:
        raise ConfigurationError(f"column {text!r}: quantity {name!r} is not in the catalogue")
    return ValueColumn(header, quantity, quantity.conversion_from(unit) if unit else IDENTITY)


def fetch_series(
    path: Path, device: ReplayedDevice, columns: Sequence[ValueColumn], time_header: str = "Time"
) -> tuple[Report, ...]:
    """`read_series` of a file (UTF-8, with or without byte order mark). Raises: ConfigurationError, also if unreadable."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return read_series(lines, str(path), device, columns, time_header)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error


def read_series(
    lines: Iterable[str], name: str, device: ReplayedDevice, columns: Sequence[ValueColumn], time_header: str = "Time"
) -> tuple[Report, ...]:
    """The reports of a recorded series, in canonical units.

    Shape: one report a row with at least one value, by time whatever the order of the rows; an empty cell is no reading.
    Time: RFC 3339 with offset. No two rows may be of one instant, since a report is known by its device and time.
    Raises: ConfigurationError with every problem of every row, as `name:line: what is wrong`.
    """
    rows = csv.DictReader(lines)
    headers = rows.fieldnames or ()
    problems = [f"{name}:1: {problem}" for problem in _header_problems(headers, columns, time_header)]
    if problems:
        raise ConfigurationError(problems)
    found: dict[int, tuple[int, dict[str, Reading]]] = {}
    for row in rows:
        try:
            at_ms, readings = _instant_of(row[time_header]), dict(_readings_of(row, columns))
        except ValueError as error:
            problems.append(f"{name}:{rows.line_num}: {error}")
            continue
        if at_ms in found:
            problems.append(f"{name}:{rows.line_num}: the instant {row[time_header]} stands in line {found[at_ms][0]}")
        elif readings:
            found[at_ms] = rows.line_num, readings
    if problems:
        raise ConfigurationError(problems)
    return tuple(
        Report(device.device_id, device.kind, device.area, at_ms, seq, found[at_ms][1])
        for seq, at_ms in enumerate(sorted(found))
    )


def _header_problems(headers: Sequence[str], columns: Sequence[ValueColumn], time_header: str) -> Iterator[str]:
    if not columns:
        yield "no column of values was asked for"
    for header in (time_header, *(column.header for column in columns)):
        if header not in headers:
            yield f"no column {header!r}; the file has {', '.join(map(repr, headers)) or 'no header'}"
    names = [column.quantity.name for column in columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two columns are to be {name}"


def _instant_of(cell: str | None) -> int:
    if not cell:
        raise ValueError("no time")
    try:
        return parse_instant_ms(cell)
    except ValueError as error:
        raise ValueError(f"time {cell!r}: {error}") from error


def _readings_of(row: dict[str, str], columns: Sequence[ValueColumn]) -> Iterator[tuple[str, Reading]]:
    """Raises: ValueError that names every bad cell of the row."""
    problems: list[str] = []
    if None in row or None in row.values():
        problems.append("the number of cells is not that of the header")
    for column in columns:
        cell = (row[column.header] or "").strip()
        if not cell:
            continue
        try:
            yield column.quantity.name, _value_of(cell, column)
        except ValueError:
            wanted = "true or false" if column.quantity.boolean else "a finite number"
            problems.append(f"{column.header} {cell!r} is not {wanted}")
    if problems:
        raise ValueError("; ".join(problems))


def _value_of(cell: str, column: ValueColumn) -> Reading:
    """The canonical value, to twelve digits, so that a factor leaves no tail (100.59 L/s is 362.124 m3/h)."""
    if column.quantity.boolean:
        if cell.lower() not in _TRUTH:
            raise ValueError(cell)
        return _TRUTH[cell.lower()]
    value = column.conversion(float(cell))
    if not math.isfinite(value):
        raise ValueError(cell)
    return float(f"{value:.12g}")
