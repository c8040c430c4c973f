"""A registry for tests of files and formats, which no database sees: SQLite, copied from one that was made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from device_registry.storage.registry import Registry


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "registry.db"
    Registry(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def quick_registry(empty_database: Path, tmp_path: Path) -> Iterator[Registry]:
    shutil.copy(empty_database, tmp_path / "quick.db")
    opened = Registry(f"sqlite:///{tmp_path / 'quick.db'}")
    yield opened
    opened.close()
