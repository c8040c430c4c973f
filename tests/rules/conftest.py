"""Both log adapters behind one fixture, with the topics of one urbansense on them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.topics import Topics
from streams.opening.by_url import open_log
from tests.rules.stages import Stages


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest) -> str:
    if request.param == "embedded":
        return "embedded:"
    return f"kafka://{request.getfixturevalue('kafka_bootstrap')}"


@pytest.fixture
async def stages(log_url: str, tmp_path: Path, topic_prefix: str) -> AsyncIterator[Stages]:
    topics = Topics(prefix=topic_prefix, partitions=2, kinds=("streetlight", "water_monitor"))
    log = await open_log(log_url, tmp_path)
    await log.ensure_topics(topics.specs())
    stages = Stages(log, topics)
    yield stages
    await stages.stop()
    await log.close()
