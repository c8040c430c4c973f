"""`urbansense notifications`: what was sent to whom, and what could not be."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from cases.notification import MessageStatus
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import JsonFlag, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Messages about cases: list them, send dead letters again.", no_args_is_help=True)

_PATH = "/api/v1/notifications"


@app.command("list")
def list_messages(
    standing: Annotated[
        MessageStatus | None, typer.Option(help="Only these: waiting, sent, dead or withdrawn.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List messages, the newest first; dead ones with why they could not be delivered."""
    asked = None if standing is None else standing.value
    page = with_api(lambda api: api.get(_PATH, standing=asked, limit=limit))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            post["message_id"],
            local_time(post["created_at_ms"], zone),
            post["channel"],
            post["person"] or post["address"],
            post["content"]["number"],
            post["content"]["occasion"],
            post["standing"],
            post["tries"],
            post["reason"],
        )
        for post in page["items"]
    ]
    headers = ("message", "made", "channel", "to", "case", "occasion", "standing", "tries", "why")
    print_rows(headers, rows, "no messages")
    counts = ", ".join(f"{count} {name}" for name, count in sorted(page["counts"].items()) if count)
    out.print(counts or "nothing was ever told")


@app.command("retry")
def retry_messages(
    message: Annotated[list[UUID] | None, typer.Argument(help="Which ones, by id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
) -> None:
    """Send dead letters again."""
    if bool(message) == everything:
        raise typer.BadParameter("name the messages, or say --all")
    body = {"ids": None if everything else [str(one) for one in message or ()]}
    retried = with_api(lambda api: api.post_json(f"{_PATH}/retry", body))
    out.print(f"{retried['messages']} dead letters wait anew")
