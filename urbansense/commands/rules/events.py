"""`urbansense events`: what the rules found."""

from typing import Annotated, Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer

from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import JsonFlag, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings
from urbansense.configuration.wording import language, word

_FACTS: Final = (
    "rule", "rule_version", "revision", "subject", "kind", "problem", "component_code", "department", "area", "lon",
    "lat", "reason", "replaces", "absorbed_by", "silenced_by",
)  # fmt: skip

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
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
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
            event["event_id"],
            word(event["severity"]),
            _status(event),
            event["rule"],
            event["subject"],
            local_time(event["opened_at_ms"], zone),
            local_time(event["cleared_at_ms"], zone),
            event["summary"][language()],
        )
        for event in page["items"]
    ]
    print_rows(("event", "severity", "status", "rule", "subject", "opened", "cleared", "summary"), rows, "no events")
    if page["next"]:
        out.print(word("… more; raise --limit"))


@app.command("show")
def show_event(
    event_id: Annotated[str, typer.Argument(help="The id of an event, as `events list` shows it.")],
    as_json: JsonFlag = False,
) -> None:
    """One event: what the rule found, where, since when, and who is to act."""
    event = with_api(lambda api: api.get(f"/api/v1/events/{quote(event_id, safe='')}"))
    if as_json:
        print_json(event)
        return
    zone = ZoneInfo(load_settings().timezone)
    facts = {
        "event": event["event_id"], "summary": event["summary"][language()], "severity": word(event["severity"]),
        "status": _status(event), "opened": local_time(event["opened_at_ms"], zone),
        "cleared": local_time(event["cleared_at_ms"], zone), **{name: event[name] for name in _FACTS},
    }  # fmt: skip
    rows = [(word(name.replace("_", " ")), value) for name, value in facts.items() if value not in (None, "")]
    print_rows(("fact", "value"), rows, "")


def _status(event: Any) -> str:
    return word(event["status"] + (" (stale)" if event["stale"] else ""))
