"""The version is written in one place."""

import tomllib
from pathlib import Path

from reporting.wording.version import version

ROOT = Path(__file__).parents[2]


def test_the_version_is_that_of_the_project() -> None:
    assert version() == tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_no_module_writes_it_a_second_time() -> None:
    rooms = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"]
    written = [
        str(path) for room in rooms for path in room.rglob("*.py") if f'"{version()}"' in path.read_text("utf-8")
    ]
    assert written == []
