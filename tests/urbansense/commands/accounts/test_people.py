"""The commands about people, on the database where nothing runs and through a running API that wants to know who asks."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from device_registry.storage.database import open_engine
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


async def test_a_running_api_is_asked_with_the_token_of_the_settings(
    run: Run, tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({}, data_dir=tmp_path, login="required")
    engine = open_engine(settings.registry_url)
    people = open_accounts(settings, SharedDatabase(engine))
    opened = AsyncExitStack()
    city = await opened.enter_async_context(open_city(tmp_path / "city", migrated))
    served = create_app(replace(city.services(), accounts=people))
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(served, 0, stop, listening.set_result))
    try:
        monkeypatch.setenv("URBANSENSE_API_URL", f"http://127.0.0.1:{await listening}")
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
    finally:
        stop.set()
        await serving
        await opened.aclose()
        engine.dispose()
