"""The devices file (CSV, UTF-8) into the registry and out of it. Format: design, "Devices file", and docs/registry.md.

bytes ──▶ rows of cells ──csv_rows──▶ devices ──one transaction──▶ registry
  └── errors ───┴──────────────┴── errors by line ────────┘
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from device_registry.changes import Changes
from device_registry.csv_rows import COLUMNS, RowError, header_errors, read_row, write_row
from device_registry.device_filter import DeviceFilter
from device_registry.entries import DEVICE_FIELDS
from device_registry.problems import InvalidRecords, Problem
from device_registry.registry import EVERY_DEVICE, Registry
from domain.devices import Device, DeviceState, Profile

NOT_IN_FILE: Final = frozenset(DEVICE_FIELDS) - frozenset(COLUMNS) - {"activated_at_ms", "version"}
"""What known devices keep, since the file does not say it."""

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `rows` are those with any cell filled; `errors` stand in the order of lines.

    `applied` tells whether the rows without errors are in the registry now. `changes` is what was done, in a dry run
    what would be, and empty where errors forbade all.
    """

    rows: int
    changes: Changes
    errors: tuple[RowError, ...]
    applied: bool


def import_csv(
    registry: Registry, data: bytes, *, now_ms: int, skip_bad: bool = False, dry_run: bool = False
) -> ImportReport:
    """Bring every row of the file into the registry, or with any error none; with `skip_bad` those without one.

    Idempotent: a row that says what the registry holds changes nothing. A known device keeps its state (the file has
    none), and a retired one is an error. A dry run writes nothing. A file that is not UTF-8 or has another header is
    refused whole.
    Raises: domain.errors.TransientFault when the database does not answer; then nothing was written.
    """
    file = _read_file(data, registry.profiles())
    changes = Changes()
    while file.readable:
        forbidden = bool(file.errors) and not skip_bad
        try:
            changes = registry.upsert_devices(
                file.devices.values(), now_ms=now_ms, keep_state=True, keep=NOT_IN_FILE, dry_run=dry_run or forbidden
            )
            break
        except InvalidRecords as invalid:
            file.take_out(invalid.problems, tell_of_children=skip_bad)
            if not skip_bad:
                break
    allowed = file.readable and (skip_bad or not file.errors)
    errors = tuple(sorted(file.errors, key=lambda error: error.line))
    return ImportReport(file.rows, changes if allowed else Changes(), errors, applied=allowed and not dry_run)


def export_csv(registry: Registry, wanted: DeviceFilter = EVERY_DEVICE) -> Iterator[bytes]:
    """The devices file, piece by piece, ordered by id; importing it changes nothing.

    Retired devices are left out: the file cannot say what they are.
    """
    yield _csv_lines([list(COLUMNS)])
    after: str | None = None
    while True:
        page = registry.list_devices(wanted, after=after, limit=_PAGE)
        yield _csv_lines([write_row(device) for device in page.items if device.state is not DeviceState.RETIRED])
        after = page.next
        if after is None:
            return


@dataclass(slots=True)
class _File:
    """A file as far as it was read: the devices without an error yet, and the errors."""

    readable: bool = True
    rows: int = 0
    devices: dict[str, Device] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, errors: Sequence[RowError]) -> "_File":
        self.readable = False
        self.errors += errors
        return self

    def take_out(self, problems: Sequence[Problem], tell_of_children: bool) -> None:
        """Move the devices with problems to the errors.

        That a parent is missing because its own row was taken out is no fault of the child: worth telling only where the
        rest goes in without it.
        """
        out: set[str] = set()
        for problem in problems:
            line = self.lines[problem.subject][0]
            parent_id = self.devices[problem.subject].parent_id
            if problem.column == "parent_id" and parent_id in self.lines and parent_id not in self.devices:
                if tell_of_children:
                    what = f"its parent {parent_id!r} on line {self.lines[parent_id][0]} has errors"
                    self.errors.append(RowError(line, "parent_id", what, "correct that row"))
            else:
                self.errors.append(RowError(line, problem.column, problem.what, problem.remedy))
            out.add(problem.subject)
        for device_id in out:
            del self.devices[device_id]


def _read_file(data: bytes, profiles: Mapping[str, Profile]) -> _File:
    file = _File()
    try:
        rows = _rows(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return file.refuse([RowError(line, "", "the file is not UTF-8", "save it as UTF-8 (Excel: CSV UTF-8)")])
    _, header = next(rows, (1, []))
    if isinstance(header, RowError):
        return file.refuse([header])
    columns = [cell.strip() for cell in header]
    if errors := list(header_errors(columns)):
        return file.refuse(errors)
    for line, cells in rows:
        file.rows += 1
        if isinstance(cells, RowError):
            file.errors.append(cells)
        elif len(cells) != len(columns):
            what = f"{len(cells)} cells where the header has {len(columns)}"
            file.errors.append(RowError(line, "", what, 'put a text that holds commas between double quotes: "a, b"'))
        else:
            _read_cells(file, line, dict(zip(columns, cells, strict=True)), profiles)
    _take_out_duplicates(file)
    return file


def _read_cells(file: _File, line: int, cells: Mapping[str, str], profiles: Mapping[str, Profile]) -> None:
    row = read_row(line, cells, profiles)
    device_id = row.device_id if isinstance(row, Device) else cells["device_id"].strip()
    file.lines.setdefault(device_id, []).append(line)
    if isinstance(row, Device):
        file.devices[device_id] = row
    else:
        file.errors += row


def _take_out_duplicates(file: _File) -> None:
    """Which of two rows is meant nobody can tell: both are wrong."""
    for device_id, lines in file.lines.items():
        if device_id and len(lines) > 1:
            file.devices.pop(device_id, None)
            what = f"{device_id!r} is on lines {', '.join(map(str, lines))}"
            file.errors += [RowError(line, "device_id", what, "leave all but one out") for line in lines]


def _rows(text: str) -> Iterator[tuple[int, list[str] | RowError]]:
    """The rows with any cell filled, each with the line where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, RowError(line, "", f"no CSV: {error}", "check the double quotes from this line on")
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
