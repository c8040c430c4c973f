"""`urbansense appraisal`: how well the case desk works."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from cases.appraisal.counts import RATES
from reporting.wording.durations import decimal_duration
from reporting.wording.shares import percent
from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import JsonFlag, err, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

_PATH: Final = "/api/v1/appraisal"
_SHOWN: Final = ("dispatch_accuracy", "on_time_handling", "on_time_closing", "rework")


class By(StrEnum):
    DEPARTMENT = "department"
    AREA = "area"
    PROBLEM = "problem"
    SOURCE = "source"


def register(app: typer.Typer) -> None:
    app.command()(appraisal)


def appraisal(
    begin: Annotated[
        str | None, typer.Option("--from", help="RFC 3339 with an offset; the beginning of the month if left out.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="RFC 3339 with an offset, exclusive; now if left out.")
    ] = None,
    by: Annotated[By, typer.Option(help="Compare these.")] = By.DEPARTMENT,
    area: Annotated[str | None, typer.Option(help="Only this area and everything below it.")] = None,
    department: Annotated[list[str] | None, typer.Option(help="Only what is of these departments.")] = None,
    area_level: Annotated[int | None, typer.Option(min=1, max=8, help="Steps of an area's name told apart.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write everything as a table for spreadsheets here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the page to print here.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how well cases were filed, dispatched, handled on time and closed in a period, and how much was done again."""
    asked = {"from": begin, "to": end, "area": area, "department": department, "area_level": area_level}
    files = {".csv": csv, ".html": html}

    async def ask(api: Api) -> Any:
        for kind, file in files.items():
            if file is not None:
                # Read whole before anything is written, so that a refusal leaves the file of before alone.
                content = [piece async for piece in api.download(f"{_PATH}{kind}", **asked)]
                file.write_bytes(b"".join(content))
        return await api.get(_PATH, by=by.value, **asked)

    found = with_api(ask)
    for file in files.values():
        if file is not None:
            err.print(f"written to {file}", markup=False)
    if as_json:
        print_json(found)
    else:
        _print(found, by, ZoneInfo(load_settings().timezone))


def _print(found: Any, by: By, zone: ZoneInfo) -> None:
    out.print(f"{local_time(found['from_ms'], zone)} – {local_time(found['to_ms'], zone)}", markup=False)
    rows = [
        (part["rank"], part["name"] or "(none)", *_cells(part["figures"]))
        for part in sorted(found["parts"][by.value], key=lambda part: (part["rank"] is None, part["rank"] or 0))
    ]
    rows.append((None, "all", *_cells(found["whole"])))
    titles = (RATES[name].title_en.lower() for name in _SHOWN)
    heads = ("rank", by.value, "score", "reported", "dispatched", "handled", "overdue", *titles, "median")
    print_rows(heads, rows, "nothing to appraise")


def _cells(figures: Any) -> list[str]:
    counts, score = figures["counts"], figures["score"]
    shares = (figures["rates"][name] for name in _SHOWN)
    return [
        "" if score is None else f"{score:.1f}",
        *(str(counts[name]) for name in ("reported", "dispatched", "handled", "overdue")),
        *(f"{percent(share['value'])} of {share['among']}" if share["among"] else "–" for share in shares),
        decimal_duration(figures["clock"]["median_ms"]),
    ]
