"""The lock files: everything pinned and hashed, the runtime's a part of the whole, nothing declared in vain."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest

from supply_chain.images import images
from supply_chain.licences import is_allowed, licence_of
from supply_chain.locked import EVERYTHING, ROOT, RUNTIME, normalised, read_lock
from tests.architecture.source import NOT_PRODUCT, PACKAGES, pyproject, top_level_names

RUN_WITHOUT_IMPORT = {
    "python-multipart": "FastAPI reads forms by it",
    "uvloop": "uvicorn takes it where it is",
    "httptools": "uvicorn's protocol on it is ours to bound",
    "psycopg": "SQLAlchemy opens it by the URL",
    "swmm-toolkit": "pyswmm's solver, pinned with it",
}
"""Runtime dependencies that no module of ours imports, and why they are declared."""
RUN_AS_COMMANDS = {
    "river",  # brings the recording of examples/water-main
    "import-linter",
    "mypy",
    "pip",
    "pip-audit",
    "pytest-asyncio",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
}


@pytest.mark.parametrize("path", [EVERYTHING, RUNTIME], ids=["everything", "runtime"])
def test_every_distribution_is_pinned_with_the_hashes_of_its_files(path: Path) -> None:
    entries = read_lock(path)
    assert len(entries) > 50
    assert [one.name for one in entries if not one.hashes] == []
    text = path.read_text(encoding="utf-8")
    assert "index-url" not in text
    assert "://" not in text


def test_what_the_image_installs_is_a_part_of_what_is_tested() -> None:
    assert set(read_lock(RUNTIME)) <= set(read_lock(EVERYTHING))


def test_the_image_installs_no_tool_of_development() -> None:
    names = {one.name for one in read_lock(RUNTIME)}
    tools = {normalised(re.split(r"[\[<>=]", one)[0]) for one in pyproject()["project"]["optional-dependencies"]["dev"]}
    declared = {normalised(re.split(r"[\[<>=;]", one)[0]) for one in pyproject()["project"]["dependencies"]}
    assert names & (tools - declared - {"setuptools", "cryptography", "packaging", "types-pyyaml", "werkzeug"}) == set()
    assert not {"pytest", "selenium", "flask", "mypy"} & names


def test_every_declared_dependency_is_locked_and_used() -> None:
    project = pyproject()["project"]
    declared = [
        *project["dependencies"],
        *(one for group in project["optional-dependencies"].values() for one in group),
    ]
    names = {normalised(re.split(r"[\[<>=;]", one)[0]) for one in declared}
    assert names <= {one.name for one in read_lock(EVERYTHING)}
    owners = packages_distributions()
    names_imported = {
        name
        for package in (*PACKAGES, *NOT_PRODUCT)
        for path in (ROOT / package).rglob("*.py")
        for name in top_level_names(path)
    }
    imported = {normalised(owner) for name in names_imported for owner in owners.get(name, ())}
    stubs = {name for name in names if name.startswith("types-")}
    assert names - imported - RUN_WITHOUT_IMPORT.keys() - RUN_AS_COMMANDS - stubs - {"setuptools"} == set()


def test_what_is_installed_agrees_with_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_the_image_installs_may_be_given_out() -> None:
    found: dict[str, str | None] = {}
    for one in read_lock(RUNTIME):
        try:
            found[one.name] = licence_of(distribution(one.name).metadata)
        except PackageNotFoundError:  # of another system or Python
            continue
    unknown = {name for name, licence in found.items() if licence is None}
    assert unknown <= {"julian"}, "read its licence, and name it here"
    assert {name: licence for name, licence in found.items() if licence is not None and not is_allowed(licence)} == {}


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-only", "AGPL-3.0", "MIT AND GPL-2.0", "Proprietary", "GNU General Public License v3"]
)
def test_a_licence_that_binds_our_own_code_is_not_allowed(licence: str) -> None:
    assert not is_allowed(licence)


def test_every_image_names_a_version() -> None:
    named = images()
    assert len(named) >= 5
    assert [image.name for image in named if image.tag in ("", "latest")] == []


def test_a_line_that_is_no_entry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    path.write_text("something @ git+https://example.org/x\n")
    with pytest.raises(ValueError, match=r"requirements\.lock:1: neither"):
        read_lock(path)
