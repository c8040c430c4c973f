"""`urbansense devices`: what the registry holds."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from urbansense.api_client.opening import with_api
from urbansense.commands.devices import credentials, pending, smart_data_models
from urbansense.commands.devices.care import care
from urbansense.commands.devices.files import files
from urbansense.commands.devices.tables import print_devices
from urbansense.commands.terminal.output import JsonFlag, print_json, print_rows
from urbansense.commands.terminal.times import local_time as local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Register, list and look at devices.", no_args_is_help=True)
app.add_typer(care)
app.add_typer(files)
app.add_typer(credentials.app, name="credentials")
app.add_typer(pending.app, name="pending")


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
    facts = [(key, _shown(key, value, zone)) for key, value in device.items() if key not in ("latest", "open_events")]
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


def _shown(key: str, value: Any, zone: ZoneInfo) -> str:
    """A fact as people read it; empty where there is none."""
    if value in (None, "", 0, {}, []):
        return ""
    if key.endswith("_ms"):
        return local_time(value, zone)
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


smart_data_models.register(app)
