"""A platform that is slow is waited for: a command never takes it for none, and never opens the files that it owns."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from tests.e2e.processes.platform import COMMAND, ROOT, Platform, platform, wait_for_line
from tests.patience import PATIENCE_S
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until
from urbansense.configuration.settings import PREFIX

FORMER_PATIENCE_S = 5
DEVICES = """\
device_id,kind,profile,name,area,lon,lat,parent_id,component_code,department,report_interval_s,dev_eui,mn,attributes
L1,streetlight,,Lamp 1,320582/110/152/102,120.55,31.87,,3205820118000001,lighting,60,,,
"""


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[Platform, Process]]:
    """A platform that has started, with one lamp, and its process."""
    broker = f"embedded://127.0.0.1:{free_port()}"
    with platform(tmp_path, mqtt_url=broker, embedded_broker="amqtt", http_port=free_port()) as running:
        process = running.service("up").start()
        wait_for_line(process, "the live page and the API answer")
        (tmp_path / "lamp.csv").write_text(DEVICES)
        running.run("devices", "import", str(tmp_path / "lamp.csv"))
        try:
            yield running, process
        finally:
            if process.running:
                os.kill(process.pid, signal.SIGCONT)


@contextmanager
def command(running: Platform, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [*COMMAND, *arguments], env=running.environment, cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def files_open(pid: int, folder: Path) -> set[str]:
    """The files below the folder that the process has open."""
    links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    return {link for link in links if link.startswith(str(folder.resolve()))}


def waits(child: subprocess.Popen[str], process: Process) -> None:
    assert child.stderr is not None
    line = child.stderr.readline()
    assert f"(pid {process.pid}) answers slowly; waiting" in line


def test_a_stopped_platform_is_waited_for_and_none_of_its_files_is_opened(up: tuple[Platform, Process]) -> None:
    running, process = up
    os.kill(process.pid, signal.SIGSTOP)
    with command(running, "devices", "list", "--json") as child:
        waits(child, process)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(FORMER_PATIENCE_S)
        assert files_open(child.pid, running.settings.data_dir) == set()
        os.kill(process.pid, signal.SIGCONT)
        printed, complaints = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, complaints) == (0, "")
    assert [one["device_id"] for one in orjson.loads(printed)["items"]] == ["L1"]


@pytest.mark.parametrize("arguments", [("devices", "list"), ("people", "users", "list"), ("doctor",)])
def test_a_platform_that_dies_while_it_is_waited_for_ends_the_command_with_that(
    up: tuple[Platform, Process], arguments: tuple[str, ...]
) -> None:
    running, process = up
    os.kill(process.pid, signal.SIGSTOP)
    with command(running, *arguments) as child:
        waits(child, process)
        process.kill()
        _, complaints = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 1
    assert f"(pid {process.pid}) ended while it was waited for" in complaints
    assert "Traceback" not in complaints


def test_an_address_that_is_named_is_waited_for_and_the_files_are_no_way_out(up: tuple[Platform, Process]) -> None:
    running, process = up
    running.environment[f"{PREFIX}API_URL"] = url = running.settings.client_api_url
    os.kill(process.pid, signal.SIGSTOP)
    with command(running, "devices", "list") as child:
        assert child.stderr is not None
        assert child.stderr.readline() == f"{url} answers slowly; waiting\n"
        os.kill(process.pid, signal.SIGCONT)
        assert "L1" in child.communicate(timeout=PATIENCE_S)[0]
    assert process.stop() == 0
    away = running.run("devices", "list", check=False)
    assert away.returncode == 2
    assert "nothing answers there" in away.stderr


def test_two_commands_on_one_folder_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "lamp.csv").write_text(DEVICES)
    importing, listing = ("devices", "import", str(tmp_path / "lamp.csv")), ("devices", "list", "--json")
    with platform(tmp_path, http_port=1) as running, command(running, *importing) as first:
        with command(running, *listing) as second:
            assert second.communicate(timeout=PATIENCE_S)[0]
            assert second.returncode == 0
        first.communicate(timeout=PATIENCE_S)
        assert first.returncode == 0


def test_a_demo_is_found_by_who_names_nothing_and_by_nobody_else(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with platform(tmp_path, http_port=free_port(), embedded_broker="amqtt") as running:
        running.environment["TMPDIR"] = str(tmp_path)
        demo = running.service("demo", "--devices", "20", "--speed", "1").start()
        wait_until(lambda: b"commands  " in demo.log.read_bytes(), "the demo names itself", demo)
        bare = {name: value for name, value in running.environment.items() if not name.startswith(PREFIX)}

        def listed(**settings: str) -> subprocess.CompletedProcess[str]:
            environment = {**bare, **{PREFIX + name: value for name, value in settings.items()}}
            return subprocess.run(
                [*COMMAND, "devices", "list", "--json"], env={**environment, "PYTHONPATH": str(ROOT)}, cwd=elsewhere,
                capture_output=True, text=True, timeout=PATIENCE_S, check=False,
            )  # fmt: skip

        found = listed()
        assert len(orjson.loads(found.stdout)["items"]) == 20, found.stderr
        assert found.stderr == f"this is the demo at {running.settings.client_api_url} (pid {demo.pid})\n"
        assert not any(elsewhere.iterdir())
        own = listed(DATA_DIR=str(tmp_path / "own"), HTTP_PORT="1")
        assert orjson.loads(own.stdout)["items"] == []
        assert demo.stop() == 0, demo.tail()
