"""`urbansense devices pending`: unknown devices that reported."""

from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer

from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.author import author
from urbansense.commands.terminal.output import JsonFlag, complain, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Look at unknown devices that reported; accept or refuse them.", no_args_is_help=True)

_PATH = "/api/v1/pending-devices"
Name = Annotated[str, typer.Argument(help="Its name in the list.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it, for the record; your login name without it.")]


@app.command("list")
def list_pending(
    refused: Annotated[bool, typer.Option("--refused", help="Those that were refused.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List unknown devices that reported."""
    page = with_api(lambda api: api.get(_PATH, refused=refused or None, limit=limit, cursor=cursor))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            one["name"],
            one["kind"] or "?",
            one["speaker"],
            one["reports"],
            local_time(one["first_seen_ms"], zone),
            local_time(one["last_seen_ms"], zone),
            one["topic"],
        )
        for one in page["items"]
    ]
    print_rows(("name", "kind", "spoken for by", "reports", "first", "last", "topic"), rows, "nobody is waiting")
    if page["next"]:
        out.print(f"… more; go on with --cursor {page['next']}")


@app.command("accept")
def accept(
    name: Name,
    kind: Annotated[str | None, typer.Option(help="What it is; the topic tells it where it can.")] = None,
    profile: Annotated[str | None, typer.Option(help="Its profile; default that of its kind.")] = None,
    device_id: Annotated[str | None, typer.Option("--as", help="Its id, where its message has none (LoRaWAN).")] = None,
    area: Annotated[str | None, typer.Option(help="Where it stands.")] = None,
    parent: Annotated[str | None, typer.Option(help="What it hangs on; default the gateway that spoke for it.")] = None,
    title: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    replay: Annotated[bool, typer.Option(help="Put its rejected reports through.")] = True,
    by: By = None,
    as_json: JsonFlag = False,
) -> None:
    """Register it, and take in what it has reported so far."""
    given = {"kind": kind, "profile": profile, "device_id": device_id, "area": area, "parent_id": parent, "name": title}
    facts = {key: value for key, value in given.items() if value is not None}

    path = f"{_PATH}/{quote(name, safe='')}/accept?replay={'true' if replay else 'false'}"
    done = with_api(lambda api: api.post_json(path, facts, headers=author(by)))
    if as_json:
        print_json(done)
        return
    complain(done["problems"])
    out.print(
        f"{done['device_id']} is registered as a {done['kind']}; {done['accepted']} reports of "
        f"{done['replayed']} rejected messages taken in",
        markup=False,
    )


@app.command("refuse")
def refuse(name: Name, by: By = None) -> None:
    """Want none of it: its reports are rejected as before, and it is not listed any more."""

    async def act(api: Any) -> None:
        await api.post_json(f"{_PATH}/{quote(name, safe='')}/refuse", {}, headers=author(by))

    with_api(act)
    out.print(f"{name} is refused", markup=False)


@app.command("forget")
def forget(name: Name, by: By = None) -> None:
    """Take it off the list, refused or not; its next report puts it there again."""
    with_api(lambda api: api.delete(f"{_PATH}/{quote(name, safe='')}", headers=author(by)))
    out.print(f"{name} is forgotten", markup=False)
