"""`urbansense silences`: silences and maintenance windows."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from domain.errors import ConfigurationError
from domain.time.durations import parse_duration_ms, parse_instant_ms
from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.author import author
from urbansense.commands.terminal.output import JsonFlag, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Silences and maintenance windows: events go on, and notify nobody.", no_args_is_help=True)

_PATH = "/api/v1/silences"
When = Annotated[str | None, typer.Option(help="RFC 3339 with an offset: 2026-06-01T21:00:00+08:00; now if left out.")]


@app.command("add")
def add_silence(
    reason: Annotated[str, typer.Option(help="Why, for everybody who wonders.")],
    last: Annotated[str, typer.Option("--for", help="How long, such as 90m, 4h or 2d.")],
    start: When = None,
    rule: Annotated[str | None, typer.Option(help="Events of this rule.")] = None,
    kind: Annotated[str | None, typer.Option(help="Events of devices of this kind.")] = None,
    area: Annotated[str | None, typer.Option(help="Events in this area and below.")] = None,
    device: Annotated[str | None, typer.Option(help="Events of this device.")] = None,
    parent: Annotated[str | None, typer.Option(help="Events of this device and everything under it.")] = None,
) -> None:
    """Silence the events that agree in everything named; at least one thing is named."""
    named = {"rule": rule, "kind": kind, "area": area, "device_id": device, "parent": parent}
    matches = {name: value for name, value in named.items() if value is not None}
    try:
        duration_ms = parse_duration_ms(last)
        starts_at_ms = None if start is None else parse_instant_ms(start)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error

    async def act(api: Api) -> Any:
        begin_ms = starts_at_ms if starts_at_ms is not None else (await api.get(_PATH))["now_ms"]
        new = {"reason": reason, "starts_at_ms": begin_ms, "ends_at_ms": begin_ms + duration_ms, "matches": matches}
        return await api.post_json(_PATH, new, headers=author())

    silence = with_api(act)
    zone = ZoneInfo(load_settings().timezone)
    out.print(f"silence {silence['id']} until {local_time(silence['ends_at_ms'], zone)}", markup=False)


@app.command("list")
def list_silences(
    everything: Annotated[bool, typer.Option("--all", help="Those too that are over.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """The silences in force and to come."""
    page = with_api(lambda api: api.get(_PATH))
    silences = [one for one in page["items"] if everything or one["ends_at_ms"] > page["now_ms"]]
    if as_json:
        print_json(silences)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            one["id"], "yes" if one["is_in_force"] else "", local_time(one["starts_at_ms"], zone),
            local_time(one["ends_at_ms"], zone), one["author"], _matches(one), one["reason"],
        )
        for one in silences
    ]  # fmt: skip
    print_rows(("id", "in force", "from", "to", "author", "of", "reason"), rows, "no silences")


@app.command("end")
def end_silence(silence: Annotated[str, typer.Argument(help="The id that `list` shows.")]) -> None:
    """End a silence now; one that has not begun is taken back."""
    with_api(lambda api: api.post_json(f"{_PATH}/{silence}/end", {}))
    out.print(f"silence {silence} is over", markup=False)


def _matches(silence: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in silence["matches"].items() if value is not None)
