"""`urbansense rejected`: what was refused, and trying it again."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from domain.rejections import Reason
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import JsonFlag, complain, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Look at rejected messages and replay them.", no_args_is_help=True)

ReasonOption = Annotated[Reason | None, typer.Option(help="Only this reason.")]


@app.command("list")
def list_rejected(
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List what was refused and why, newest first."""
    page = with_api(lambda api: api.get("/api/v1/rejected", reason=reason and reason.value, limit=limit))
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
            message["detail"],
        )
        for message in page["items"]
    ]
    print_rows(("id", "received", "reason", "reports", "from", "detail"), rows, "nothing was rejected")


@app.command("replay")
def replay_rejected(
    ids: Annotated[list[str] | None, typer.Argument(help="The ids that `list` shows; all without any.")] = None,
    reason: ReasonOption = None,
) -> None:
    """Put rejected messages through again, after the registry or a profile was put right.

    What was accepted the first time comes out as a duplicate and changes nothing; what is still wrong is rejected again.
    """
    chosen = reason.value if reason else None
    done = with_api(lambda api: api.post("/api/v1/rejected/replay", "", "text/plain", id=ids or [], reason=chosen))
    complain(done["problems"])
    out.print(f"{done['replayed']} messages replayed, {done['accepted']} reports accepted")
    if done["problems"]:
        raise typer.Exit(1)
