"""An empty database of each sort."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from device_registry.storage.database import open_engine
from urbansense.wiring.shared_database import SharedDatabase

_GOLDEN: Final = Path(__file__).parent.parent / "golden" / "databases"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database: SQLite always, PostgreSQL where there is one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"registry_{uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def case_database(database_url: str) -> Iterator[SharedDatabase]:
    """What registry, accounts and cases share, still without a table."""
    engine = open_engine(database_url)
    yield SharedDatabase(engine)
    engine.dispose()


@pytest.fixture
def earlier_database(case_database: SharedDatabase, database_url: str) -> SharedDatabase:
    """As commit 69b1850 wrote it, when the migrations of the cases made the tables of the accounts too."""
    dialect = make_url(database_url).get_backend_name()
    dump = (_GOLDEN / f"69b1850.{dialect}.sql").read_text(encoding="utf-8")
    engine = create_engine(database_url)
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        driver.executescript(dump) if dialect == "sqlite" else driver.execute(dump)
        connection.commit()
    finally:
        connection.close()
        engine.dispose()
    return case_database
