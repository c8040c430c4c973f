"""`urbansense rejected`: what was refused, and trying it again."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from domain.rejections import Reason
from ingest.rejections.rejected_message import Standing
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import JsonFlag, complain, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Look at rejected messages and replay them.", no_args_is_help=True)

ReasonOption = Annotated[Reason | None, typer.Option(help="Only this reason.")]


@app.command("list")
def list_rejected(
    reason: ReasonOption = None,
    device: Annotated[str | None, typer.Option(help="Only this device.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only on this MQTT topic; + and # as in a subscription.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Received from this instant (RFC 3339) on.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Received before this instant.")] = None,
    standing: Annotated[
        Standing, typer.Option(help="Those that wait for somebody, those that a replay settled, or all.")
    ] = Standing.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List what was refused and why, newest first."""
    asked = {
        "reason": reason and reason.value, "device_id": device, "topic": topic, "from": since, "to": until,
        "standing": standing.value, "limit": limit, "cursor": cursor,
    }  # fmt: skip
    page = with_api(lambda api: api.get("/api/v1/rejected", **asked))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            message["id"],
            local_time(message["received_at_ms"], zone),
            message["reason"] + (" (in part)" if message["partial"] else ""),
            f"{message['count']:,}",
            message["device_id"] or message["topic"],
            message["detail"] + _replayed(message, zone),
        )
        for message in page["items"]
    ]
    print_rows(("id", "received", "reason", "reports", "from", "detail"), rows, "nothing was rejected")
    if page["next"]:
        out.print(f"… more; go on with --cursor {page['next']}")


def _replayed(message: dict[str, Any], zone: ZoneInfo) -> str:
    """What became of it, empty while it is open."""
    if message["outcome"] is None:
        return ""
    again = f" as {', '.join(message['rejected_as'])}" if message["rejected_as"] else ""
    return f" [replayed {local_time(message['replayed_at_ms'], zone)}: {message['outcome'].replace('_', ' ')}{again}]"


@app.command("replay")
def replay_rejected(
    ids: Annotated[list[str] | None, typer.Argument(help="The ids that `list` shows; all without any.")] = None,
    reason: ReasonOption = None,
) -> None:
    """Put rejected messages through again, after the registry or a profile was put right.

    What was accepted the first time comes out as a duplicate and changes nothing; what is still wrong is rejected again,
    as a new rejection. What was replayed leaves the list; `list --standing replayed` shows what became of it.
    """
    chosen = reason.value if reason else None
    done = with_api(lambda api: api.post("/api/v1/rejected/replay", "", "text/plain", id=ids or [], reason=chosen))
    complain(done["problems"])
    already = f", {done['already']} replayed before" if done["already"] else ""
    out.print(
        f"{done['replayed']} messages replayed, {done['accepted']} reports accepted, "
        f"{done['rejected']} refused again{already}"
    )
    if done["problems"]:
        raise typer.Exit(1)
