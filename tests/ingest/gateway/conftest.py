"""What the tests of a gateway slot stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.topics import Topics
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.rig import Rig
from tests.servers.mosquitto import Mosquitto


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SQLiteLog]:
    log = SQLiteLog(tmp_path / "log.db")
    yield log
    await log.close()


@pytest.fixture
async def rig(mosquitto: Mosquitto, log: SQLiteLog, request: pytest.FixtureRequest) -> Rig:
    topics = Topics(prefix=f"{request.node.name}.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    return Rig(mosquitto, log, topics)
