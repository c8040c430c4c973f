"""Both adapters behind one fixture."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams import Log
from tests.streams.rigs import Rig


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest) -> str:
    if request.param == "embedded":
        return "embedded:"
    return f"kafka://{request.getfixturevalue('kafka_bootstrap')}"


@pytest.fixture
async def rig(log_url: str, tmp_path: Path, topic_prefix: str) -> AsyncIterator[Rig]:
    rig = Rig(log_url, tmp_path, topic_prefix)
    yield rig
    await rig.close()


@pytest.fixture
async def log(rig: Rig) -> Log:
    return await rig.open()
