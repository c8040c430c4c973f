from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from device_registry.records.entries import Details, DeviceEntry
from device_registry.storage.database import open_engine, reading, writing
from device_registry.storage.migrations.upgrading import VERSION_TABLE, migration_config, upgrade
from device_registry.storage.registry import Registry
from device_registry.storage.tables import metadata
from domain.devices import Device, FieldMapping
from domain.errors import ConfigurationError, TransientFault


def _differences(connection: Connection) -> list[object]:
    options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_an_empty_database_is_brought_to_the_model(database_url: str) -> None:
    upgrade(database_url)

    engine = open_engine(database_url)
    with reading(engine) as connection:
        assert _differences(connection) == []
        assert {"devices", "profiles", "areas", VERSION_TABLE} <= set(inspect(connection).get_table_names())
    engine.dispose()


def test_a_difference_between_model_and_migrations_would_be_seen(database_url: str) -> None:
    upgrade(database_url)

    engine = open_engine(database_url)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE devices DROP COLUMN owner"))
    with reading(engine) as connection:
        assert _differences(connection) != []
    engine.dispose()


def test_upgrading_again_keeps_what_is_there(database_url: str) -> None:
    upgrade(database_url)
    engine = open_engine(database_url)
    with writing(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO areas (path, name, level, version, updated_at_ms) VALUES ('320582', '张家港市', 'city', 1, 0)"
            )
        )

    upgrade(database_url)

    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM areas")).scalar_one() == 1
    engine.dispose()


def test_two_processes_may_start_on_an_empty_database_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for start in [pool.submit(upgrade, database_url) for _ in range(4)]:
            start.result()

    engine = open_engine(database_url)
    with reading(engine) as connection:
        assert _differences(connection) == []
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nonsense", "no database address"),
        ("mysql://host/name", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("postgresql+nodriver://host/name", "no driver"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_connecting(url: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        open_engine(url)


def test_a_database_that_does_not_answer_is_a_transient_fault_that_hides_the_password() -> None:
    with pytest.raises(TransientFault) as raised:
        upgrade("postgresql+psycopg://someone:secret@127.0.0.1:1/urbansense?connect_timeout=2")

    assert "127.0.0.1:1" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_database_of_the_first_version_is_brought_on_with_its_devices(database_url: str) -> None:
    engine = open_engine(database_url)
    with writing(engine) as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with writing(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO devices (device_id, kind, profile, name, lon, lat, report_interval_s, attributes, state,"
                " activated_at_ms, version, published_version, removed, updated_at_ms) VALUES"
                " ('CAB-1', 'cabinet', 'cabinet', '配电箱', 120.55, 31.87, 600,"
                """ '{"a": 1}', 'active', 5, 3, 3, false, 7)"""
            )
        )
        connection.execute(
            text(
                "INSERT INTO profiles (name, kind, fields, ignore, report_interval_s, attributes, version, removed,"
                " updated_at_ms) VALUES ('acme', 'cabinet',"
                """ '[{"source": "v", "quantity": "voltage", "unit": "V", "scale": 1.0, "offset": 0.0}]', '[]', 60, '{}',"""
                " 1, false, 7)"
            )
        )
    engine.dispose()

    registry = Registry(database_url)

    entry = registry.get_entry("CAB-1")
    assert entry is not None
    place: dict[str, Any] = {"lon": 120.55, "lat": 31.87}
    device = Device("CAB-1", "cabinet", "cabinet", "配电箱", **place, attributes={"a": 1}, activated_at_ms=5, version=3)
    assert entry == (device, Details(), 7, 7)
    assert registry.profiles()["acme"].fields == (FieldMapping("v", "voltage", "V"),)
    changed = registry.upsert_devices([DeviceEntry(entry.device, Details(tags=("new",)))], now_ms=9, author="li")
    assert changed.updated == ("CAB-1",)
    assert [(note.author, dict(note.changes)) for note in registry.history("CAB-1")] == [
        ("li", {"tags": ([], ["new"])})
    ]
    registry.close()
