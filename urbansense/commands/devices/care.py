"""`urbansense devices …`: find devices, change their state, see what became of them, and prove the topic."""

import getpass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer

from domain.devices import DeviceState
from domain.errors import ConfigurationError
from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.devices.tables import print_devices
from urbansense.commands.terminal.output import JsonFlag, err, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

care = typer.Typer()

DeviceId = Annotated[str, typer.Argument(help="The device's id.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it, for the record; your login name without it.")]


@care.command("search")
def search_devices(
    text: Annotated[str | None, typer.Argument(help="Part of id, name, component code, EUI or MN.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    area: Annotated[str | None, typer.Option(help="Only this area and below.")] = None,
    state: Annotated[DeviceState | None, typer.Option(help="Only in this state.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    grid: Annotated[str | None, typer.Option(help="Only of this unit grid.")] = None,
    parent: Annotated[str | None, typer.Option(help="Only what hangs on this device.")] = None,
    near: Annotated[str | None, typer.Option(help="Only near this place: lon,lat in WGS 84.")] = None,
    radius: Annotated[float, typer.Option(help="How near, in metres.")] = 500,
    within: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Only inside the polygon of this GeoJSON file.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Find devices by what they are and where they stand."""
    search: dict[str, Any] = {
        "text": text, "kind": kind, "area": area, "state": state, "tag": tag, "grid": grid, "parent_id": parent,
        "limit": limit, "cursor": cursor,
    }  # fmt: skip
    if near is not None:
        search["near"] = _place(near, radius)
    if within is not None:
        search["within"] = _geojson(within)
    page = with_api(lambda api: api.post("/api/v1/devices/search", orjson.dumps(search).decode(), "application/json"))
    print_devices(page, as_json)


@care.command("state")
def change_state(device_id: DeviceId, state: DeviceState, by: By = None, as_json: JsonFlag = False) -> None:
    """Change a device's state: registered, active, suspended or retired."""
    headers = {"X-Author": by or getpass.getuser()}
    found = with_api(lambda api: api.patch_json(f"/api/v1/devices/{device_id}", {"state": state}, headers=headers))
    if as_json:
        print_json(found)
    else:
        out.print(f"{found['device_id']} is {found['state']}, version {found['version']}", markup=False)


@care.command("history")
def show_history(
    device_id: DeviceId, limit: Annotated[int, typer.Option(min=1, max=1000)] = 50, as_json: JsonFlag = False
) -> None:
    """Who changed a device, when and how, newest first."""
    page = with_api(lambda api: api.get(f"/api/v1/devices/{device_id}/history", limit=limit))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            local_time(change["at_ms"], zone),
            change["author"],
            change["action"],
            name,
            _worded(one["old"]),
            _worded(one["new"]),
        )
        for change in page["items"]
        for name, one in (change["changes"] or {"": {"old": None, "new": None}}).items()
    ]
    print_rows(("when", "who", "what", "field", "old", "new"), rows, "no history")


@care.command("health")
def show_health(device_id: DeviceId, as_json: JsonFlag = False) -> None:
    """A device's last 24 hours: last report, battery, signal, what arrived and what was refused."""
    health = with_api(lambda api: api.get(f"/api/v1/devices/{device_id}/health"))
    if as_json:
        print_json(health)
        return
    zone = ZoneInfo(load_settings().timezone)
    readings = {**health["battery"], **health["signal"]}
    rows = [
        ("last heard", local_time(health["last_seen_ms"], zone) or "never"),
        *((name, f"{one['value']:g}") for name, one in readings.items()),
        ("reports", f"{health['received']} of {health['expected']} expected"),
        ("refused", f"{health['rejected']} whole, {health['rejected_in_part']} in part"),
    ]
    print_rows(("last 24 hours", ""), rows, "")


@care.command("statistics")
def show_statistics(
    area: Annotated[str | None, typer.Option(help="Only this area and below.")] = None, as_json: JsonFlag = False
) -> None:
    """How many devices there are of what."""
    found = with_api(lambda api: api.get("/api/v1/devices/statistics", area=area))
    if as_json:
        print_json(found)
        return
    out.print(f"{found['devices']} devices, {found['located']} with a location")
    for name in ("state", "kind", "department", "area"):
        rows = [(value or "(none)", count) for value, count in list(found[f"by_{name}"].items())[:20]]
        print_rows((name, "devices"), rows, "")


@care.command("verify")
def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Make the topic say what the registry says.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Compare the topic registry.devices with the registry; exit code 0 only if both hold the same in the end."""

    async def act(api: Api) -> Any:
        with err.status("comparing …"):
            return await api.post("/api/v1/devices/verify", "", "application/json", repair=repair or None)

    found = with_api(act)
    if as_json:
        print_json(found)
    else:
        for sort in ("missing", "different", "strays"):
            for key in found[sort]:
                out.print(f"{sort}: {key}", markup=False)
        rest = "and nothing else is there" if found["agrees"] else f"the rest did not; {found['repaired']} repaired"
        out.print(f"{found['agreeing']} records agree, {rest}")
    if not found["agrees"] and not found["repaired"]:
        raise typer.Exit(1)


def _place(text: str, radius_m: float) -> dict[str, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigurationError(f"--near {text!r} is no place; write lon,lat such as 120.55,31.87") from error
    return {"lon": lon, "lat": lat, "radius_m": radius_m}


def _geojson(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} holds no GeoJSON: {error}") from error


def _worded(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
