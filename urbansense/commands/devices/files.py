"""`urbansense devices import|export`: devices files in and out."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from device_registry.bulk.formats.contract import MEDIA_TYPES, Format, format_of
from device_registry.records.entries import Datum
from domain.devices import DeviceState
from domain.errors import ConfigurationError, UrbansenseError
from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.devices.causes import Causes
from urbansense.commands.terminal.author import author
from urbansense.commands.terminal.output import JsonFlag, err, out, print_json

if TYPE_CHECKING:
    from device_registry.bulk.staging import RefusedRow

files = typer.Typer()

FormatOption = Annotated[Format | None, typer.Option("--format", help="Of the file; without it, by its name.")]
_SHOW_AFTER_S: Final = 2
_PIECE_BYTES: Final = 256 * 1024
_MOST_SHOWN: Final = 20


@files.command("import")
def import_devices(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX or GeoJSON.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would change.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Import the good rows even if others are bad.")] = False,
    errors: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to write the refused rows, to correct and import.")
    ] = None,
    datum: Annotated[Datum, typer.Option(help="The datum of lon and lat in rows that name none.")] = Datum.WGS84,
    file_format: FormatOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Import a devices file; the same file again changes nothing. Exit code 1 if a row was refused."""
    came_in = file_format or format_of(file.name)
    refused_to = format_of(errors.name) if errors is not None else came_in
    if came_in is Format.GEOJSON and refused_to is not came_in:
        raise ConfigurationError(f"--errors {errors}: features do not fit a table; name it .geojson")
    if errors is not None and errors.resolve() == file.resolve():
        raise ConfigurationError(f"--errors {errors} is the file to import; name another")
    # Writing the refused rows takes the registry's own formats; no other command has to load them.
    from device_registry.bulk.refused import RefusedFile

    outcome = _ImportOutcome(preview, as_json)

    async def act(api: Api) -> None:
        with ExitStack() as stack:
            source = stack.enter_context(file.open("rb"))
            refused = RefusedFile(stack, errors, refused_to, came_in)
            size = os.fstat(source.fileno()).st_size
            bar = stack.enter_context(_progress())
            query = {"datum": datum.value, "skip_bad": skip_bad, "preview": preview}
            lines = api.upload_for_lines(
                "/api/v1/devices/import/file",
                _pieces(source, bar, size),
                MEDIA_TYPES[came_in],
                headers=author(),
                **query,
            )
            async for line in lines:
                outcome.take(line, bar)
                refused.columns = line.get("columns", refused.columns)
                if "refused" in line:
                    refused.write(_refused_row(line["refused"]))

    with_api(act)
    outcome.print(came_in, skip_bad, errors)
    if outcome.report["refused"] or outcome.unreadable:
        raise typer.Exit(1)


@files.command("export")
def export_devices(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output without it.")] = None,
    file_format: FormatOption = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    area: Annotated[str | None, typer.Option(help="Only this area and below.")] = None,
    department: Annotated[str | None, typer.Option(help="Only this department's.")] = None,
    state: Annotated[DeviceState | None, typer.Option(help="Only in this state.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
) -> None:
    """Export devices in the form that `import` takes; retired ones are left out."""
    to = file_format or (format_of(file.name) if file is not None else Format.CSV)
    query = {"format": to.value, "kind": kind, "area": area, "department": department, "state": state, "tag": tag}

    async def act(api: Api) -> None:
        with _opened(file) as sink, err.status("exporting …"):
            async for piece in api.download("/api/v1/devices/export", **query):
                sink.write(piece)

    with_api(act)


class _ImportOutcome:
    """What the platform reports of an import, kept for the end as far as it is shown."""

    def __init__(self, preview: bool, as_json: bool) -> None:
        self._preview, self._as_json = preview, as_json
        self.report: dict[str, Any] = {}
        self.unreadable: list[dict[str, Any]] = []
        self._errors: list[dict[str, Any]] = []
        self._causes = Causes()
        self._changes: list[dict[str, Any]] = []

    def take(self, line: dict[str, Any], bar: Progress) -> None:
        if "problem" in line:
            raise UrbansenseError(line["problem"])
        if "progress" in line:
            _show(bar, **line["progress"])
        elif "change" in line:
            self._keep(self._changes, line["change"])
        elif "unreadable" in line:
            self.unreadable.append(line["unreadable"])
        elif "refused" in line:
            row = line["refused"]
            for error in row["errors"]:
                self._causes.add(row["line"], **error)
                if self._as_json:
                    self._errors.append({"line": row["line"], **error})
        elif "report" in line:
            self.report = line["report"]

    def print(self, came_in: Format, skip_bad: bool, errors: Path | None) -> None:
        if not self.report:
            raise UrbansenseError("urbansense ended the import without a report; its log says why")
        if self._as_json:
            self._print_json()
            return
        self._print_changes()
        report, verb = self.report, "would be " if self._preview else ""
        out.print(
            f"{report['created']} {verb}added, {report['updated']} {verb}changed, {report['unchanged']} unchanged, "
            f"{report['refused']} refused"
        )
        for one in self.unreadable:
            self._causes.add(**one)
        for line in self._causes.lines(came_in.place):
            err.print(line, markup=False, soft_wrap=True)
        if (hidden := report["refused"] - self._causes.rows) > 0:
            err.print(f"… and {hidden} more rows; --errors FILE writes them all")
        if errors is not None and report["refused"]:
            err.print(f"the refused rows are in {errors}: correct and import it", soft_wrap=True)
        if self.unreadable or (report["refused"] and not skip_bad):
            err.print("nothing would go in" if self._preview else "nothing went in")

    def _print_changes(self) -> None:
        for one in self._changes[:_MOST_SHOWN]:
            if one["result"] == "created":
                out.print(f"new      {one['device_id']}", markup=False)
                continue
            fields = ", ".join(f"{name}: {_short(old)} → {_short(new)}" for name, (old, new) in one["changes"].items())
            out.print(f"changed  {one['device_id']}  {fields}", markup=False, soft_wrap=True)
        if (hidden := self.report["created"] + self.report["updated"] - _MOST_SHOWN) > 0 and self._preview:
            out.print(f"… and {hidden} more; --json tells them all")

    def _print_json(self) -> None:
        report = self.report
        content = {
            "rows": report["rows"],
            "added": report["created"],
            "changed": report["updated"],
            "unchanged": report["unchanged"],
            "refused": report["refused"],
            "applied": report["applied"],
            "errors": [
                {"line": one["line"], "column": one["column"] or None, "detail": f"{one['what']}; {one['remedy']}"}
                for one in (*self.unreadable, *self._errors)
            ],
        }
        print_json({**content, "preview": True, "changes": self._changes} if self._preview else content)

    def _keep(self, kept: list[dict[str, Any]], one: dict[str, Any]) -> None:
        if self._as_json or len(kept) <= _MOST_SHOWN:
            kept.append(one)


def _refused_row(line: dict[str, Any]) -> "RefusedRow":
    from device_registry.bulk.columns import RowProblem
    from device_registry.bulk.staging import RefusedRow

    errors = tuple(RowProblem(line["line"], **error) for error in line["errors"])
    return RefusedRow(line["line"], line["cells"], tuple(line["extra"]), errors)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=err, transient=True, auto_refresh=False)
    bar.add_task("sending", total=None, visible=False)
    return bar


def _show(bar: Progress, stage: str, done: int, of: int) -> None:
    """Nothing in the first two seconds: most files are in by then."""
    task = bar.tasks[0]
    late = (task.elapsed or 0) >= _SHOW_AFTER_S
    bar.update(task.id, description=stage, completed=done, total=of or None, visible=late, refresh=late)


async def _pieces(file: BinaryIO, bar: Progress, size: int) -> AsyncIterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece
        _show(bar, "sending", file.tell(), size)


def _short(value: Any) -> str:
    text = "empty" if value in (None, "", [], {}) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


@contextmanager
def _opened(file: Path | None) -> Iterator[BinaryIO]:
    if file is None:
        with open(1, "wb", closefd=False) as sink:
            yield sink
    else:
        with file.open("wb") as sink:
            yield sink
