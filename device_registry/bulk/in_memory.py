"""The devices file as CSV in memory, in and out: `device_registry.bulk` for a few thousand rows."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from device_registry.bulk.columns import RowProblem
from device_registry.bulk.exporting import export_file
from device_registry.bulk.importing import Options, import_file
from device_registry.records.changes import Changes
from device_registry.storage.device_filter import EVERY_DEVICE, DeviceFilter
from device_registry.storage.registry import Registry


@dataclass(frozen=True, slots=True)
class CsvImport:
    """What an import did. `rows` are those with any cell filled; `errors` stand in the order of lines.

    `applied`: whether the rows without errors are in the registry now. `changes` is what was done, in a dry run
    what would be, and empty where errors forbade all.
    """

    rows: int
    changes: Changes
    errors: tuple[RowProblem, ...]
    applied: bool


def import_csv(
    registry: Registry, data: bytes, *, now_ms: int, skip_bad: bool = False, dry_run: bool = False
) -> CsvImport:
    """As `bulk.importing.import_file`, with what became of each device. Raises: domain.errors.TransientFault."""
    options = Options(skip_bad=skip_bad, preview=dry_run)
    with import_file(registry, io.BytesIO(data), options, now_ms=now_ms) as done:
        errors = tuple(done.errors())
        results = list(done.results()) if skip_bad or not errors else []
        changes = Changes(
            *(
                tuple(one.device_id for one in results if one.result == result)
                for result in ("created", "updated", "unchanged")
            )
        )
        return CsvImport(done.rows, changes, errors, done.applied)


def export_csv(registry: Registry, wanted: DeviceFilter = EVERY_DEVICE) -> Iterator[bytes]:
    """The devices file, ordered by id; importing it changes nothing. Retired devices are left out."""
    file = io.BytesIO()
    export_file(registry, file, wanted=wanted)
    yield file.getvalue()
