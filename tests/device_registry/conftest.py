"""The registry on each database, and the embedded log with its topics."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from device_registry.registry import Registry
from domain.topics import Topics
from streams.embedded import EmbeddedLog
from streams.opening import open_log
from streams.ports import Log


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
def registry(database_url: str) -> Iterator[Registry]:
    opened = Registry(database_url)
    yield opened
    opened.close()


@pytest.fixture
def topics() -> Topics:
    return Topics(partitions=3)


@pytest.fixture
async def log(tmp_path: Path, topics: Topics) -> AsyncIterator[EmbeddedLog]:
    opened = EmbeddedLog(tmp_path / "log.sqlite")
    await opened.ensure_topics(topics.specs())
    yield opened
    await opened.close()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def any_log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Log, Topics]]:
    """Each log, with the registry's topic of a prefix that no other test has."""
    topics = Topics(prefix=request.getfixturevalue("topic_prefix"), partitions=3)
    url = "embedded:"
    if request.param == "kafka":
        url = f"kafka://{request.getfixturevalue('kafka_bootstrap')}"
    opened = await open_log(url, tmp_path)
    await opened.ensure_topics([spec for spec in topics.specs() if spec.name == topics.registry])
    yield opened, topics
    await opened.close()
