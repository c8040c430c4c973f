"""`urbansense people` and `urbansense audit`: users, departments, API tokens, and who did what."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from time import time
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer

from domain.errors import ConfigurationError
from domain.time.durations import parse_duration_ms
from urbansense.api_client.accounts import people_api
from urbansense.api_client.api import Api
from urbansense.commands.terminal.output import JsonFlag, complain, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Users, departments and API tokens.", no_args_is_help=True)
users = typer.Typer(help="Who works here.", no_args_is_help=True)
departments = typer.Typer(help="Who handles cases.", no_args_is_help=True)
tokens = typer.Typer(help="What programs show instead of a login.", no_args_is_help=True)
audit = typer.Typer(help="Who did what, sealed row by row.", no_args_is_help=True)
app.add_typer(users, name="users")
app.add_typer(departments, name="departments")
app.add_typer(tokens, name="tokens")

_T = TypeVar("_T")
_PEOPLE: Final = "/api/v1/people"
AtDatabase = Annotated[
    bool, typer.Option("--database", help="Work on the database itself, also where an urbansense runs.")
]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="viewer, operator, dispatcher, department, administrator; repeatable."),
]
Departments = Annotated[list[str] | None, typer.Option("--department", help="Of this department; repeatable.")]
Areas = Annotated[list[str] | None, typer.Option("--area", help="Only this area and below; repeatable.")]
Name = Annotated[str, typer.Argument(help="The username.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@users.command("list")
def list_users(as_json: JsonFlag = False, database: AtDatabase = False) -> None:
    """All users, those who are disabled too."""
    found = _with_people(database, lambda api: _all(api, f"{_PEOPLE}/users"))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one["username"], "yes" if one["active"] else "no", ", ".join(one["roles"]), ", ".join(one["departments"]),
            ", ".join(one["areas"]), one["email"], "provider" if one["oidc_subject"] else _password(one),
        )
        for one in found
    ]  # fmt: skip
    print_rows(("user", "active", "roles", "departments", "areas", "e-mail", "logs in by"), rows, "no users")


@users.command("add")
def add_user(
    username: Name,
    role: Roles = None,
    department: Departments = None,
    area: Areas = None,
    name: Annotated[str, typer.Option(help="As people call them.")] = "",
    email: str | None = None,
    phone: str | None = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="They only have tokens.")] = False,
    password_stdin: FromStdin = False,
    database: AtDatabase = False,
) -> None:
    """Add a user, and give them a password."""
    password = None if no_password else _ask_password(password_stdin)
    new = {
        "username": username, "display_name": name, "email": email, "phone": phone, "roles": role or [],
        "departments": department or [], "areas": area or [],
    }  # fmt: skip

    async def act(api: Api) -> None:
        await api.post_json(f"{_PEOPLE}/users", new)
        if password is not None:
            await api.post_json(f"{_user(username)}/password", {"password": password})

    _with_people(database, act)
    out.print(f"user {username} is added", markup=False)


@users.command("change")
def change_user(
    username: Name,
    role: Roles = None,
    department: Departments = None,
    area: Areas = None,
    name: str | None = None,
    email: Annotated[str | None, typer.Option(help="Empty takes it away.")] = None,
    phone: Annotated[str | None, typer.Option(help="Empty takes it away.")] = None,
    provider: Annotated[str | None, typer.Option(help="`<issuer> <sub>` at the identity provider.")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="In all areas.")] = False,
    database: AtDatabase = False,
) -> None:
    """Change what is named; roles, departments and areas are replaced as a whole."""
    named = {"roles": role, "departments": department, "areas": [] if everywhere else area, "display_name": name}
    change: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
    emptied = {"email": email, "phone": phone, "oidc_subject": provider}
    change |= {field: value or None for field, value in emptied.items() if value is not None}
    if not change:
        raise ConfigurationError(
            "say what to change: --role, --department, --area, --name, --email, --phone, --provider"
        )
    after = _with_people(database, lambda api: api.patch_json(_user(username), change))
    out.print(f"user {username} is at version {after['version']}", markup=False)


@users.command("disable")
def disable_user(username: Name, database: AtDatabase = False) -> None:
    """Let a user in no more, log them out everywhere, and end their tokens."""
    _with_people(database, lambda api: api.patch_json(_user(username), {"active": False}))
    out.print(f"user {username} is disabled", markup=False)


@users.command("enable")
def enable_user(username: Name, database: AtDatabase = False) -> None:
    """Let a disabled user in again."""
    _with_people(database, lambda api: api.patch_json(_user(username), {"active": True}))
    out.print(f"user {username} is active", markup=False)


@users.command("password")
def set_password(
    username: Name,
    password_stdin: FromStdin = False,
    keep_tokens: Annotated[bool, typer.Option("--keep-tokens", help="Let their tokens hold on.")] = False,
    database: AtDatabase = False,
) -> None:
    """Give a user a new password; it ends every session of theirs, and every token unless they are kept on purpose."""
    given = {"password": _ask_password(password_stdin), "keep_tokens": keep_tokens}
    _with_people(database, lambda api: api.post_json(f"{_user(username)}/password", given))
    out.print(f"user {username} has a new password", markup=False)


@departments.command("list")
def list_departments(as_json: JsonFlag = False, database: AtDatabase = False) -> None:
    """All departments, those out of use too."""
    found = _with_people(database, lambda api: api.get(f"{_PEOPLE}/departments"))["items"]
    if as_json:
        print_json(found)
        return
    rows = [(one["name"], one["title"]["en"], one["title"]["zh"], "yes" if one["active"] else "no") for one in found]
    print_rows(("department", "title", "名称", "in use"), rows, "no departments")


@departments.command("put")
def put_department(
    name: Annotated[str, typer.Argument(help="Its name in rules and policy, such as `lighting`.")],
    en: Annotated[str, typer.Option(help="Its title in English.")],
    zh: Annotated[str, typer.Option(help="Its title in Chinese.")],
    out_of_use: Annotated[bool, typer.Option("--out-of-use")] = False,
    database: AtDatabase = False,
) -> None:
    """Add a department, or change it."""
    body = {"title": {"en": en, "zh": zh}, "active": not out_of_use}
    _with_people(database, lambda api: api.put_json(f"{_PEOPLE}/departments/{quote(name, safe='')}", body))
    out.print(f"department {name} is kept", markup=False)


@tokens.command("create")
def create_token(
    user: Annotated[str, typer.Option(help="Whose: it may do no more than they.")],
    label: Annotated[str, typer.Option(help="What for.")],
    scope: Annotated[
        list[str], typer.Option(help="read, cases:report, cases:act, devices, rules, people, audit; repeatable.")
    ],
    last: Annotated[str | None, typer.Option("--for", help="How long, such as 30d; until revoked if left out.")] = None,
    as_json: JsonFlag = False,
    database: AtDatabase = False,
) -> None:
    """Make a token. It is shown once."""
    try:
        ends_at_ms = None if last is None else int(time() * 1000) + parse_duration_ms(last)
    except ValueError as error:
        raise ConfigurationError(f"--for: {error}") from error
    new = {"username": user, "label": label, "scopes": scope, "ends_at_ms": ends_at_ms}
    made = _with_people(database, lambda api: api.post_json(f"{_PEOPLE}/tokens", new))
    if as_json:
        print_json(made)
    else:
        out.print(made["secret"], markup=False, soft_wrap=True)


@tokens.command("list")
def list_tokens(user: str | None = None, as_json: JsonFlag = False, database: AtDatabase = False) -> None:
    """Tokens, newest first; never their secrets."""
    found = _with_people(database, lambda api: api.get(f"{_PEOPLE}/tokens", username=user))["items"]
    if as_json:
        print_json(found)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (
            one["token_id"], one["username"], one["label"], " ".join(one["scopes"]), local_time(one["used_at_ms"], zone),
            local_time(one["ends_at_ms"], zone), local_time(one["revoked_at_ms"], zone),
        )
        for one in found
    ]  # fmt: skip
    print_rows(("token", "user", "label", "scopes", "last used", "ends", "revoked"), rows, "no tokens")


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(help="The id that `list` shows.")], database: AtDatabase = False
) -> None:
    """Let a token hold no more."""
    path = f"{_PEOPLE}/tokens/{quote(token, safe='')}/revoke"
    _with_people(database, lambda api: api.post_json(path, {}))
    out.print(f"token {token} is revoked", markup=False)


@audit.command("list")
def list_audit(
    actor: Annotated[str | None, typer.Option(help="What this one did.")] = None,
    subject: Annotated[str | None, typer.Option(help="What was done to this, such as user/olga.")] = None,
    action: str | None = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: JsonFlag = False,
    database: AtDatabase = False,
) -> None:
    """The audit log, newest first."""
    asked = {"actor": actor, "subject": subject, "action": action, "limit": limit}
    found = _with_people(database, lambda api: api.get("/api/v1/audit", **asked))["items"]
    if as_json:
        print_json(found)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = [
        (one["sequence"], local_time(one["at_ms"], zone), one["actor"], one["action"], one["subject"], _details(one))
        for one in found
    ]
    print_rows(("row", "when", "who", "did", "to", "details"), rows, "the audit log is empty")


@audit.command("verify")
def verify_audit(
    last: Annotated[str | None, typer.Option(help="A hash kept from before: that row must still be there.")] = None,
    as_json: JsonFlag = False,
    database: AtDatabase = False,
) -> None:
    """Prove that no row was changed, taken out or put in; exit code 1 where one was. Keep the last hash elsewhere."""
    verdict = _with_people(database, lambda api: api.get("/api/v1/audit/verify", last=last))
    if as_json:
        print_json(verdict)
    elif verdict["holds"]:
        out.print(f"{verdict['rows']} rows hold; the last hash is {verdict['last_hash']}", soft_wrap=True)
    else:
        where = f"row {verdict['broken_at']}: " if verdict["broken_at"] is not None else ""
        complain([f"the audit log does not hold: {where}{verdict['why']}"])
    if not verdict["holds"]:
        raise typer.Exit(1)


def _with_people(database: bool, act: Callable[[Api], Coroutine[Any, Any, _T]]) -> _T:
    async def run() -> _T:
        async with people_api(load_settings(), at_database=database) as api:
            return await act(api)

    return asyncio.run(run())


async def _all(api: Api, path: str) -> list[Any]:
    page = await api.get(path, limit=1000)
    found = list(page["items"])
    while page["next"]:
        page = await api.get(path, limit=1000, cursor=page["next"])
        found += page["items"]
    return found


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _user(username: str) -> str:
    return f"{_PEOPLE}/users/{quote(username, safe='')}"


def _password(user: Any) -> str:
    return "password" if user["has_password"] else ""


def _details(row: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in row["details"].items())
