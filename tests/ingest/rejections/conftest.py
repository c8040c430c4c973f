"""What the tests of rejections stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.sqlite.log import SQLiteLog
from tests.ingest.rejections.rig import TOPICS, RejectionRig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RejectionRig]:
    log = SQLiteLog(tmp_path / "log.db")
    await log.ensure_topics(TOPICS.specs())
    yield RejectionRig(log)
    await log.close()
