"""`urbansense devices`: what the registry holds."""

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import click
import typer

from domain.errors import ConfigurationError
from urbansense.client import Api, with_api
from urbansense.commands.device_care import care
from urbansense.commands.device_tables import local_time as local_time
from urbansense.commands.device_tables import print_devices
from urbansense.commands.output import JsonFlag, err, out, print_json, print_rows
from urbansense.parts import make_data_dir
from urbansense.settings import load_settings

app = typer.Typer(help="Register, list and look at devices.", no_args_is_help=True)
app.add_typer(care)


@app.command("import")
def import_devices(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A devices file (CSV, UTF-8).")],
    skip_bad: Annotated[bool, typer.Option(help="Import the good rows even if others are bad.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Import a devices file; the same file again changes nothing."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8: {error}; save it as CSV UTF-8 and import it again") from error

    async def act(api: Api) -> Any:
        with err.status(f"importing {file.name} …"):
            return await api.post("/api/v1/devices/import", text, "text/csv", skip_bad=skip_bad)

    report = with_api(act)
    if as_json:
        print_json(report)
        return
    out.print(f"{report['added']} added, {report['changed']} changed, {report['unchanged']} unchanged")
    for row in report["errors"]:
        err.print(f"line {row['line']}, {row.get('column') or 'row'}: {row['detail']}", markup=False)


@app.command("export")
def export_devices(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output without it.")] = None,
) -> None:
    """Export all devices in the form that `import` takes."""
    from device_registry.csv_files import export_csv
    from device_registry.registry import Registry

    settings = load_settings()
    make_data_dir(settings)
    registry = Registry(settings.registry_url, settings.kinds)
    with click.open_file(str(file or "-"), "wb") as sink:
        for piece in export_csv(registry):
            sink.write(piece)
    registry.close()


@app.command("list")
def list_devices(
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    area: Annotated[str | None, typer.Option(help="Only this area and below.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Only where id, name, component code, EUI or MN contain this.")
    ] = None,
    state: Annotated[str | None, typer.Option(help="Only registered, active, suspended or retired ones.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List devices by id."""
    page = with_api(lambda api: api.get("/api/v1/devices", kind=kind, area=area, text=text, state=state, limit=limit))
    print_devices(page, as_json)


@app.command("show")
def show_device(device_id: str, as_json: JsonFlag = False) -> None:
    """One device: what is registered, its latest readings and its open events."""
    device = with_api(lambda api: api.get(f"/api/v1/devices/{device_id}"))
    if as_json:
        print_json(device)
        return
    zone = ZoneInfo(load_settings().timezone)
    facts = [(key, _told(key, value, zone)) for key, value in device.items() if key not in ("latest", "open_events")]
    print_rows(("fact", "value"), [(key, value) for key, value in facts if value], "")
    readings = [
        (
            name,
            f"{reading['value']:g}",
            reading["unit"],
            local_time(reading["observed_at_ms"], zone),
            reading["quality"],
        )
        for name, reading in sorted(device["latest"].items())
    ]
    print_rows(("quantity", "value", "unit", "observed", "quality"), readings, "no readings yet")
    events = [(e["severity"], e["rule"], local_time(e["opened_at_ms"], zone)) for e in device["open_events"]]
    print_rows(("open event", "rule", "since"), events, "no open events")


def _told(key: str, value: Any, zone: ZoneInfo) -> str:
    """A fact as people read it; empty where there is none."""
    if value in (None, "", 0, {}, []):
        return ""
    if key.endswith("_ms"):
        return local_time(value, zone)
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
