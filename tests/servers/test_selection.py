"""Which tests are left to `make test-servers`, and what becomes of another one that starts a server."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.fixture
def mosquitto(): ...

@pytest.fixture
def indirectly(mosquitto): ...

def test_plain(): ...
def test_by_fixture(mosquitto): ...
def test_by_a_fixture_of_a_fixture(indirectly): ...
@pytest.mark.parametrize("log", ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def test_by_parameter(log): ...
@pytest.mark.long
def test_long(): ...
"""


def run(folder: Path, *arguments: str) -> str:
    (folder / "test_some.py").write_text(TESTS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--noconftest",
        "-p",
        "tests.servers.selection",
        "-p",
        "no:cacheprovider",
    ]
    where = [f"--config-file={ROOT / 'pyproject.toml'}", f"--rootdir={folder}", str(folder), "-v"]
    return subprocess.run([*command, *where, *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_what_starts_a_server_or_takes_long_is_left_out_and_counted(tmp_path: Path) -> None:
    plainly = run(tmp_path)
    assert "2 passed, 4 deselected" in plainly
    assert "4 tests left out that start a server or take long: `make test-servers` runs them" in plainly
    assert "4 tests left out" in run(tmp_path, "-n", "2")
    servers = run(tmp_path, "-m", "servers")
    assert "3 passed, 1 skipped, 2 deselected" in servers
    assert "left out" not in servers


async def test_another_test_cannot_start_one_directly_nor_by_a_child() -> None:
    with pytest.raises(RuntimeError, match="a test that starts mosquitto needs its fixture or its mark"):
        subprocess.run(["/usr/sbin/mosquitto", "-h"], check=False)
    with pytest.raises(RuntimeError, match="a test that starts java"):
        await asyncio.create_subprocess_exec("java", "-version")
    child = (
        "import subprocess; subprocess.run(['runuser', '-u', 'postgres', '--', '/usr/lib/postgresql/13/bin/postgres'])"
    )
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=False)
    assert "a test that starts postgres" in done.stderr
