"""What the tests of rejections stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.topics import Topics
from streams.opening.by_url import open_log
from streams.ports import Log
from streams.sqlite.log import SQLiteLog
from tests.ingest.rejections.rig import TOPICS, RejectionRig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RejectionRig]:
    log = SQLiteLog(tmp_path / "log.db")
    await log.ensure_topics(TOPICS.specs())
    yield RejectionRig(log)
    await log.close()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def any_log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Log, Topics]]:
    """Each log, with topics of a prefix that no other test has."""
    topics = Topics(request.getfixturevalue("topic_prefix"), partitions=3, kinds=TOPICS.kinds)
    url = "embedded:"
    if request.param == "kafka":
        url = f"kafka://{request.getfixturevalue('kafka_bootstrap')}"
    opened = await open_log(url, tmp_path)
    await opened.ensure_topics([spec for spec in topics.specs() if "telemetry." in spec.name])
    yield opened, topics
    await opened.close()
