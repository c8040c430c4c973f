"""`urbansense devices credentials`: what devices and services log in with at the MQTT broker."""

import asyncio
import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TextIO
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress

from device_registry.credentials.credential import CredentialState
from domain.errors import ConfigurationError
from domain.time.durations import parse_duration_ms
from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.author import author
from urbansense.commands.terminal.output import JsonFlag, err, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.private_files import write_private
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Give, rotate and revoke what devices log in with at the MQTT broker.", no_args_is_help=True)

_AT_ONCE: Final = 200
_MANY: Final = 1000
_MOST_SHOWN: Final = 20
_EACH: Final = "{holder}"
_PATH: Final = "/api/v1/credentials"
_COLUMNS: Final = ("holder", "username", "secret")

Holders = Annotated[
    list[str] | None, typer.Argument(help="Device ids, and services: @gateway, @simulator, @chirpstack, @things-stack.")
]
HolderFile = Annotated[
    Path | None,
    typer.Option("--file", exists=True, dir_okay=False, help="A CSV whose column device_id (or the first) names them."),
]
SecretFile = Annotated[
    Path | None, typer.Option("--out", help="Where the secrets go, as CSV that only you may read; must not exist yet.")
]
ByFile = Annotated[
    bool, typer.Option("--by-file", help="Leave the broker out: it gets the accounts with the file of `export`.")
]
By = Annotated[str | None, typer.Option("--by", help="Who does it, for the record; your login name without it.")]


@app.command("create")
def create(
    holders: Holders = None,
    file: HolderFile = None,
    missing: Annotated[bool, typer.Option("--missing", help="Every device that has none.")] = False,
    kind: Annotated[str | None, typer.Option(help="With --missing: only this kind.")] = None,
    area: Annotated[str | None, typer.Option(help="With --missing: only this area and below.")] = None,
    client_id: Annotated[
        str | None,
        typer.Option(help="The broker lets the account in under this client id only; {holder} stands for each holder."),
    ] = None,
    out_file: SecretFile = None,
    by_file: ByFile = False,
    by: By = None,
) -> None:
    """Give a secret to each. It is shown this once; many go to a file."""

    async def act(api: Api) -> list[Any]:
        wanted = await api.get(f"{_PATH}/missing", kind=kind, area=area) if missing else _named(holders, file)
        if client_id is not None and len(wanted) > 1 and _EACH not in client_id:
            raise ConfigurationError(
                f"--client-id: a client id is one holder's; write {_EACH} where each one's name goes"
            )
        return await _in_parts(api, _PATH, wanted, {"provision": not by_file}, by, out_file, client_id)

    _print_secrets(with_api(act), out_file, by_file)


@app.command("rotate")
def rotate(
    holders: Holders = None,
    file: HolderFile = None,
    overlap: Annotated[str | None, typer.Option(help="How long the old secret still holds: 24h, 7d, 0s.")] = None,
    until_used: Annotated[
        bool, typer.Option("--until-used", help="The old secret ends once the broker has seen the new one.")
    ] = False,
    out_file: SecretFile = None,
    by_file: ByFile = False,
    by: By = None,
) -> None:
    """Give a new secret to each beside the old one, which holds for a day unless another time is given."""
    if overlap is None and not until_used:
        overlap = "24h"
    try:
        overlap_s = None if overlap is None else parse_duration_ms(overlap) // 1000
    except ValueError as error:
        raise ConfigurationError(f"--overlap: {error}") from error
    body = {"provision": not by_file, "overlap_s": overlap_s, "until_used": until_used}

    async def act(api: Api) -> list[Any]:
        return await _in_parts(api, f"{_PATH}/rotate", _named(holders, file), body, by, out_file)

    _print_secrets(with_api(act), out_file, by_file)


@app.command("revoke")
def revoke(
    holders: Holders = None,
    file: HolderFile = None,
    username: Annotated[list[str] | None, typer.Option(help="Only this login name; may be given again.")] = None,
    by: By = None,
    as_json: JsonFlag = False,
) -> None:
    """Cut them off at once, live connections too."""
    named = _named(holders, file) if holders or file or not username else []

    async def act(api: Api) -> list[Any]:
        headers, revoked = author(by), []
        for start in range(0, max(len(named), 1), _AT_ONCE):
            body = {"holders": named[start : start + _AT_ONCE], "usernames": (username or []) if start == 0 else []}
            revoked += await api.post_json(f"{_PATH}/revoke", body, headers=headers)
        return revoked

    revoked = with_api(act)
    if as_json:
        print_json(revoked)
    else:
        out.print(f"{len(revoked)} revoked" + "".join(f"\n{one['username']}" for one in revoked[:20]), markup=False)


@app.command("bind")
def bind(
    holder: Annotated[str, typer.Argument(help="The device or service.")],
    certificate: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Its certificate, PEM.")],
    by: By = None,
    as_json: JsonFlag = False,
) -> None:
    """Let a device in by the common name of a certificate that it has already."""
    try:
        body = {"holder": holder, "certificate": certificate.read_text(encoding="ascii")}
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{certificate} is no PEM file") from error
    bound = with_api(lambda api: api.post_json(f"{_PATH}/certificates", body, headers=author(by)))
    if as_json:
        print_json(bound)
    else:
        until = local_time(bound["certificate_ends_at_ms"], ZoneInfo(load_settings().timezone))
        out.print(f"{bound['holder']} comes in as {bound['username']!r} until {until}", markup=False)


@app.command("list")
def list_credentials(
    holder: Annotated[str | None, typer.Argument(help="Only of this device or service.")] = None,
    state: Annotated[CredentialState | None, typer.Option(help="Only active or revoked ones.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List credentials with their state and, where the broker reports it, their last use."""
    page = with_api(lambda api: api.get(_PATH, holder=holder, state=state, limit=limit, cursor=cursor))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            one["holder"],
            one["username"],
            one["sort"],
            one["client_id"] or "any",
            one["state"],
            local_time(one["created_at_ms"], zone),
            local_time(one["last_used_at_ms"], zone) or "never seen",
            _end(one, zone),
        )
        for one in page["items"]
    ]
    print_rows(
        ("holder", "login", "sort", "client id", "state", "since", "last connected", "ends"), rows, "no credentials"
    )
    if page["next"]:
        out.print(f"… more; go on with --cursor {page['next']}")


@app.command("history")
def history(
    holder: Annotated[str | None, typer.Argument(help="Only of this device or service.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: JsonFlag = False,
) -> None:
    """Who changed whose credentials, newest first."""
    page = with_api(lambda api: api.get(f"{_PATH}/history", holder=holder, limit=limit))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (local_time(one["at_ms"], zone), one["author"], one["action"], one["subject"], _changes(one["changes"]))
        for one in page["items"]
    ]
    print_rows(("when", "who", "what", "holder", "change"), rows, "no history")


@app.command("sync")
def sync(as_json: JsonFlag = False) -> None:
    """Make the broker's accounts what the registry holds; exit code 1 if some can only be mended by file or rotation."""

    async def act(api: Api) -> Any:
        with err.status("comparing with the broker …"):
            return await api.post_json(f"{_PATH}/sync", {})

    done = with_api(act)
    if as_json:
        print_json(done)
    else:
        out.print(f"{done['commands']} commands given to the broker")
        for username in done["lost"][:20]:
            out.print(f"lost: {username}", markup=False)
    if done["lost"]:
        err.print(f"{len(done['lost'])} accounts are lost: start the broker with the file of `export`, or rotate them")
        raise typer.Exit(1)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write Mosquitto's dynamic-security.json.")],
) -> None:
    """Write every account with its hash, for a broker that starts from nothing or gets thousands at once."""

    async def act(api: Api) -> Any:
        return await api.get_bytes(f"{_PATH}/broker-file")

    content: bytes = with_api(act)
    write_private(file, content)
    out.print(f"{file} is written; stop the broker, put the file in place, and start it", markup=False)


async def _in_parts(
    api: Api,
    path: str,
    wanted: Sequence[str],
    body: dict[str, Any],
    by: str | None,
    out_file: Path | None,
    client_id: str | None = None,
) -> list[Any]:
    """The new credentials, some hundred at a time; each part is in the file before the next is asked for."""
    if not wanted:
        return []
    if out_file is None and len(wanted) > _MOST_SHOWN:
        raise ConfigurationError(f"{len(wanted)} secrets are too many to show: name a file with --out")
    if len(wanted) > _MANY and body["provision"]:
        err.print(f"{len(wanted)} accounts take a broker long, command by command: --by-file takes it seconds")
    sink: TextIO = _open_secrets(out_file) if out_file is not None else io.StringIO()
    made: list[Any] = []
    with sink, Progress(console=err, transient=True) as progress:
        writer = csv.DictWriter(sink, _COLUMNS)
        writer.writeheader()
        for part in progress.track([wanted[i : i + _AT_ONCE] for i in range(0, len(wanted), _AT_ONCE)]):
            if client_id is not None:
                body = {**body, "client_ids": {holder: client_id.replace(_EACH, holder) for holder in part}}
            new = await api.post_json(path, {**body, "holders": list(part)}, headers=author(by))
            writer.writerows(new)
            sink.flush()
            made += new
            await asyncio.sleep(0)
    return made


def _open_secrets(path: Path) -> TextIO:
    """A new file that only its owner may read. Raises: ConfigurationError where it exists, or cannot be made."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(f"--out {path}: {error.strerror}; name a file that does not exist yet") from error
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


def _print_secrets(made: Sequence[Any], out_file: Path | None, by_file: bool) -> None:
    if out_file is None:
        print_rows(("holder", "login", "secret"), [[one[column] for column in _COLUMNS] for one in made], "nobody")
    else:
        out.print(f"{len(made)} secrets are in {out_file}; they are nowhere else", markup=False)
    if by_file and made:
        err.print("the broker does not know them yet: write its file with `export`, and start it with that")


def _named(holders: Sequence[str] | None, file: Path | None) -> list[str]:
    """Those of the arguments and of the file, once each, in that order. Raises: ConfigurationError without any."""
    named = list(holders or ())
    if file is not None:
        try:
            rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{file} is not UTF-8: {error}") from error
        head = [cell.strip() for cell in rows[0]] if rows else []
        column = head.index("device_id") if "device_id" in head else 0
        body = rows[1:] if "device_id" in head else rows
        named += [row[column].strip() for row in body if len(row) > column and row[column].strip()]
    if not named:
        raise ConfigurationError("name devices or services, or a file of them with --file")
    return list(dict.fromkeys(named))


def _end(one: Any, zone: ZoneInfo) -> str:
    if one["revoked_at_ms"] is not None:
        return f"ended {local_time(one['revoked_at_ms'], zone)}"
    ends = [local_time(end, zone) for end in (one["ends_at_ms"], one["certificate_ends_at_ms"]) if end is not None]
    if one["ends_on_use_of"]:
        ends.append(f"when {one['ends_on_use_of']} is used")
    return " or ".join(ends)


def _changes(changes: Any) -> str:
    return ", ".join(f"{name} {change['new']}" for name, change in changes.items() if change["new"] is not None)
