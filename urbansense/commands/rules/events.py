"""`urbansense events`: what the rules found."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import JsonFlag, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="City-component events.", no_args_is_help=True)


@app.callback()
def events() -> None:
    """City-component events."""


@app.command("list")
def list_events(
    status: Annotated[str | None, typer.Option(help="open, cleared or withdrawn.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only this device or group.")] = None,
    area: Annotated[str | None, typer.Option(help="Only this area and below.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only this severity.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    shadow: Annotated[bool, typer.Option("--shadow", help="What rules in shadow would have raised, instead.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List events, newest first."""
    query: dict[str, Any] = {"status": status, "rule": rule, "subject": subject, "area": area, "severity": severity}
    query |= {"limit": limit, "shadow": shadow or None}
    page = with_api(lambda api: api.get("/api/v1/events", **query))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            event["severity"],
            event["status"] + (" (stale)" if event["stale"] else ""),
            event["rule"],
            event["subject"],
            local_time(event["opened_at_ms"], zone),
            local_time(event["cleared_at_ms"], zone),
            event["summary"]["en"],
        )
        for event in page["items"]
    ]
    print_rows(("severity", "status", "rule", "subject", "opened", "cleared", "summary"), rows, "no events")
    if page["next"]:
        out.print("… more; raise --limit")
