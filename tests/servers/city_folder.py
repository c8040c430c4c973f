"""A data folder with every schema in its newest version, made once for all tests of a process."""

import asyncio
from pathlib import Path

import pytest

from tests.web.city import open_city


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To be copied, never opened: to migrate a folder takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated")

    async def migrate() -> None:
        async with open_city(folder):
            pass

    asyncio.run(migrate())
    return folder
