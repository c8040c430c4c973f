"""Opening what the services stand on: what is waited for, what need not answer yet, and who may read the files."""

import asyncio
import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from domain.errors import InUse, TransientFault
from ingest.recorder.recording import Recorder
from streams import Outgoing
from streams.sqlite.log import SQLiteLog
from tests.device_registry.samples import CABINET, NOW_MS
from tests.servers.ports import free_port
from urbansense.configuration.settings import Settings, load_settings
from urbansense.running.startup import Startup
from urbansense.wiring import parts as wiring
from urbansense.wiring.checks import check_database
from urbansense.wiring.parts import open_parts, open_platform_parts, open_registry_part

BOUND_S = 60


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({}, data_dir=tmp_path / "data", partitions=2)


@pytest.fixture
async def held(settings: Settings) -> SQLiteLog:
    settings.data_dir.mkdir()
    return SQLiteLog(settings.data_dir / "log.sqlite")


async def waited_for(startup: Startup) -> str:
    (check, *_) = await startup.watch.examine()
    return "" if check.ready else check.detail


async def test_a_log_that_another_holds_is_waited_for_and_its_holder_named(settings: Settings, held: SQLiteLog) -> None:
    startup, opened = Startup(), asyncio.Event()

    async def start() -> None:
        async with open_parts(settings, asyncio.Event(), startup):
            opened.set()

    starting = asyncio.create_task(start())
    async with asyncio.timeout(BOUND_S):
        while f"in use by process {os.getpid()}" not in await waited_for(startup):
            await asyncio.sleep(0.01)
        assert not opened.is_set()
        await held.close()
        await opened.wait()
        await starting


async def test_a_holder_that_stays_is_waited_for_no_longer_than_bounded(
    settings: Settings, held: SQLiteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "_HELD_S", 0.01)
    with pytest.raises(InUse, match="in use by process"):
        async with asyncio.timeout(BOUND_S), open_parts(settings, asyncio.Event(), Startup()):
            pass
    await held.close()


async def test_a_command_waits_for_no_holder(settings: Settings, held: SQLiteLog) -> None:
    with pytest.raises(InUse, match="in use by process"):
        async with open_parts(settings, asyncio.Event()):
            pass
    await held.close()


async def test_neither_store_nor_database_need_answer_for_the_parts_to_open(settings: Settings) -> None:
    away = settings.model_copy(
        update={
            "store_url": f"influxdb://127.0.0.1:{free_port()}/city/telemetry",
            "store_token": SecretStr("secret"),
            "database_url": f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/urbansense",
        }
    )
    async with asyncio.timeout(BOUND_S), open_platform_parts(away, asyncio.Event()) as parts:
        await parts.lookup.load(parts.log)
        for check in (parts.store.check, lambda: check_database(parts.registry)):
            with pytest.raises(TransientFault):
                await check()


async def test_a_database_that_comes_later_gets_its_schema_at_its_first_use(
    settings: Settings, postgres_url: str
) -> None:
    name = f"later_{os.getpid()}"
    later = settings.model_copy(update={"database_url": f"{postgres_url.rpartition('/')[0]}/{name}"})
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    async with open_registry_part(later) as registry:
        with pytest.raises(TransientFault, match=f'database "{name}" does not exist'):
            await check_database(registry)
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        assert await check_database(registry) == "0 devices"
        assert "streetlight" in registry.profiles()  # the built-in ones
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
async def test_every_file_of_log_store_and_registry_is_its_owners_alone_whatever_the_umask(settings: Settings) -> None:
    before = os.umask(0)
    try:
        async with open_platform_parts(settings, asyncio.Event()) as parts:
            await asyncio.to_thread(parts.registry.upsert_devices, [CABINET], now_ms=NOW_MS)
            await parts.log.append([Outgoing(parts.topics.registry, b"x", b"{}")])
            stop = asyncio.Event()
            recording = asyncio.create_task(Recorder(parts.log, parts.store, parts.topics).run(stop))
            await parts.store.check()
            stop.set()
            await recording
            files = [path for path in settings.data_dir.rglob("*") if path.is_file()]
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    finally:
        os.umask(before)
    assert {"log.sqlite", "log.sqlite-wal", "log.sqlite-shm", "registry.db", "timeseries.duckdb"} <= set(modes)
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
