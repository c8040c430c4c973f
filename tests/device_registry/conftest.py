"""The registry on each database, and the embedded log with its topics."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from device_registry.storage.registry import Registry
from domain.topics import Topics
from streams.opening.by_url import open_log
from streams.ports import Log
from streams.sqlite.log import SQLiteLog


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    opened = Registry(database_url)
    yield opened
    opened.close()


@pytest.fixture
def topics() -> Topics:
    return Topics(partitions=3)


@pytest.fixture
async def log(tmp_path: Path, topics: Topics) -> AsyncIterator[SQLiteLog]:
    opened = SQLiteLog(tmp_path / "log.sqlite")
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
