"""The commands about people, on the database where nothing runs and through a running API that wants to know who asks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from accounts import NewUser, Scope
from accounts.service.services import AccountServices
from device_registry.storage.database import open_engine
from domain.actors import Role
from domain.errors import ConfigurationError
from tests.web.city import open_city
from urbansense.commands.cli import app
from urbansense.configuration.settings import load_settings
from urbansense.wiring.accounts import open_accounts
from urbansense.wiring.shared_database import SharedDatabase
from web.serving.app import create_app
from web.serving.server import serve

PASSWORD = "a fine long password"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("URBANSENSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("URBANSENSE_HTTP_PORT", "1")  # nothing answers there
    runner = CliRunner()
    return lambda *words, given="": runner.invoke(app, list(words), input=given, env={"COLUMNS": "200"})


def test_the_first_administrator_is_made_where_nothing_runs(run: Run) -> None:
    made = run("people", "users", "add", "ada", "--role", "administrator", "--password-stdin", given=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    (ada,) = orjson.loads(run("people", "users", "list", "--json").stdout)
    assert (ada["username"], ada["roles"], ada["has_password"]) == ("ada", ["administrator"], True)
    assert run("audit", "verify").exit_code == 0


def test_a_changed_row_makes_verify_fail(run: Run, tmp_path: Path) -> None:
    run("people", "departments", "put", "lighting", "--en", "Lighting", "--zh", "照明")
    run("people", "users", "add", "li", "--no-password", "--department", "lighting")
    engine = open_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    with SharedDatabase(engine).writing() as connection:
        connection.exec_driver_sql("UPDATE people_audit SET actor = 'eve' WHERE sequence = 1")
    engine.dispose()
    assert run("audit", "verify").exit_code == 1
    assert orjson.loads(run("audit", "verify", "--json").stdout)["broken_at"] == 1


def test_no_command_takes_the_last_administrator_away(run: Run) -> None:
    run("people", "users", "add", "ada", "--role", "administrator", "--password-stdin", given=f"{PASSWORD}\n")
    run("people", "users", "add", "bob", "--role", "administrator", "--no-password")
    for words in (("disable", "ada"), ("change", "ada", "--role", "viewer")):
        refused = run("people", "users", *words)
        assert refused.exit_code != 0
        assert "ada is the last administrator who can log in" in str(refused.exception)
    run("people", "users", "password", "bob", "--password-stdin", given=f"{PASSWORD}\n")
    assert run("people", "users", "disable", "ada").exit_code == 0


def test_tokens_end_with_a_password_given_unless_they_are_kept_on_purpose(run: Run) -> None:
    run("people", "users", "add", "li", "--role", "viewer", "--no-password")
    run("people", "tokens", "create", "--user", "li", "--label", "x", "--scope", "read")

    def revoked() -> bool:
        return orjson.loads(run("people", "tokens", "list", "--json").stdout)[0]["revoked_at_ms"] is not None

    for words, ended in ((("--keep-tokens",), False), ((), True)):
        given = run("people", "users", "password", "li", "--password-stdin", *words, given=f"{PASSWORD}\n")
        assert (given.exit_code, revoked()) == (0, ended)


@asynccontextmanager
async def guarded(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AccountServices]:
    """A platform that runs, and wants to know who asks."""
    settings = load_settings({}, data_dir=tmp_path, login="required")
    engine = open_engine(settings.registry_url)
    people = open_accounts(settings, SharedDatabase(engine))
    async with open_city(tmp_path / "city", migrated) as city:
        served = create_app(replace(city.services(), accounts=people))
        stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(served, 0, stop, listening.set_result))
        try:
            monkeypatch.setenv("URBANSENSE_API_URL", f"http://127.0.0.1:{await listening}")
            yield people
        finally:
            stop.set()
            await serving
            engine.dispose()


async def test_a_running_api_is_asked_with_the_token_of_the_settings(
    run: Run, tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with guarded(tmp_path, migrated, monkeypatch) as people:
        add = ("people", "users", "add", "ada", "--role", "administrator", "--no-password")
        stranger = await asyncio.to_thread(run, *add)
        assert isinstance(stranger.exception, ConfigurationError)
        assert "URBANSENSE_API_TOKEN" in str(stranger.exception)
        assert people.users.users() == ()
        assert (await asyncio.to_thread(run, *add, "--database")).exit_code == 0
        create = ("people", "tokens", "create", "--user", "ada", "--label", "x", "--scope", "people", "--for", "1h")
        token = (await asyncio.to_thread(run, *create, "--database")).stdout.strip()
        monkeypatch.setenv("URBANSENSE_API_TOKEN", token)
        assert (await asyncio.to_thread(run, "people", "users", "add", "bob", "--no-password")).exit_code == 0
        assert [one.username for one in people.users.users()] == ["ada", "bob"]


async def test_doctor_opens_no_file_of_a_platform_that_gives_strangers_no_details(
    run: Run, tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with guarded(tmp_path, migrated, monkeypatch) as people:

        async def store() -> str:
            said = orjson.loads((await asyncio.to_thread(run, "doctor", "--json")).stdout)
            return str(next(one["detail"] for one in said if one["check"] == "store"))

        assert await store() == "ready as a whole; for each part set URBANSENSE_API_TOKEN, with scope read"
        people.users.add_user(NewUser(username="vera", roles=frozenset({Role.VIEWER})), by="x", at_ms=1)
        made = people.tokens.create("vera", "doctor", frozenset({Scope.READ}), by="x", at_ms=people.now_ms())
        monkeypatch.setenv("URBANSENSE_API_TOKEN", made.secret)
        assert (await store()).endswith("(says the urbansense that runs)")
