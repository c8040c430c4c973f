"""A Mosquitto as a child: it outlasts nothing but its own database."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.errors import TransientFault
from domain.mqtt import MqttEndpoint
from tests.servers.ports import free_port
from tests.servers.processes import Process, accepts_connections, wait_until
from tests.urbansense.broker.clients import connected
from tests.urbansense.broker.conftest import KEEPER, opened, settings_for
from urbansense.broker.mosquitto.child import MosquittoChild, running_mosquitto

pytestmark = pytest.mark.mosquitto

PARENT = """
import asyncio, pathlib, sys
from urbansense.broker.embedded import open_broker
from urbansense.configuration.settings import Settings

async def main():
    url, folder = f"embedded://127.0.0.1:{sys.argv[1]}", pathlib.Path(sys.argv[2])
    async with open_broker(Settings(mqtt_url=url, data_dir=folder, embedded_broker="mosquitto")) as broker:
        print("child", broker._process.pid, flush=True)
        await broker.run(asyncio.Event())

asyncio.run(main())
"""


@contextmanager
def parent(port: int, folder: Path) -> Iterator[tuple[Process, int]]:
    """A process with a child on that port, and the child's process id; killed at the end if it is not before."""
    log = folder / "parent.log"
    log.write_bytes(b"")
    process = Process([sys.executable, "-c", PARENT, str(port), str(folder)], log).start()
    try:
        wait_until(lambda: b"child" in log.read_bytes(), 30, "the child listens", process)
        yield process, int(log.read_text().split("child ")[1].split()[0])
    finally:
        process.kill()


def lives(pid: int) -> bool:
    """A zombie does not: whoever inherits an orphan may be slow to bury it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@pytest.fixture
def port(tmp_path: Path) -> int:
    settings_for("mosquitto", tmp_path)
    return free_port()


def test_kill_9_of_the_parent_ends_the_child_and_loses_nothing_that_was_acknowledged(port: int, tmp_path: Path) -> None:
    broker, sent = MqttEndpoint("127.0.0.1", port), [str(n) for n in range(2000)]
    with parent(port, tmp_path) as (process, child):
        with connected(broker, KEEPER, "kept/#", clean=False):
            pass
        with connected(broker, "lamp") as lamp:
            lamp.publish_and_wait("kept/1", *sent)
            process.kill()
        wait_until(lambda: not lives(child), 20, "the child ends")
    assert not accepts_connections(port)
    with parent(port, tmp_path), connected(broker, KEEPER, clean=False) as gateway:
        assert [one.payload for one in gateway.wait_for(*sent)] == sent


def test_the_next_start_waits_for_a_child_that_still_saves(port: int, tmp_path: Path) -> None:
    """A dead parent's child is stopped in mid-air; two of them on one database would spoil it."""
    with parent(port, tmp_path) as (process, child):
        os.kill(child, signal.SIGSTOP)
        process.kill()
    log = tmp_path / "parent.log"
    log.write_bytes(b"")
    process = Process([sys.executable, "-c", PARENT, str(port), str(tmp_path)], log).start()
    try:
        wait_until(lambda: _waits_for_lock(process.pid, tmp_path), 20, "it has the lock's file open", process)
        assert b"child" not in log.read_bytes()
        os.kill(child, signal.SIGCONT)
        wait_until(lambda: b"child" in log.read_bytes(), 30, "the new child listens", process)
        assert not lives(child)
    finally:
        process.kill()


def _waits_for_lock(pid: int, folder: Path) -> bool:
    open_files = Path(f"/proc/{pid}/fd")
    return any(os.path.realpath(one) == str((folder / "broker" / "lock").resolve()) for one in open_files.iterdir())


async def test_ctrl_c_is_for_us_and_the_child_serves_until_we_are_done(port: int, tmp_path: Path) -> None:
    async with running_mosquitto(Path("/usr/sbin/mosquitto"), tmp_path, MqttEndpoint("127.0.0.1", port)) as child:
        assert os.getsid(child._process.pid) != os.getsid(0)


def test_a_child_that_dies_is_started_again_with_its_sessions_and_that_is_said_and_counted(
    port: int, tmp_path: Path
) -> None:
    with capture_logs() as lines, opened(settings_for("mosquitto", tmp_path, port)) as broker:
        assert isinstance(broker, MosquittoChild)
        with connected(broker.endpoint, "absent", "lamps/#", clean=False):
            pass
        with connected(broker.endpoint, "lamp") as lamp:
            lamp.publish_and_wait("lamps/1", "kept", retain=True)
        broker._process.send_signal(signal.SIGTERM)
        wait_until(lambda: broker.restarts == 1 and accepts_connections(port), 20, "it is there again")
        with connected(broker.endpoint, "absent", clean=False) as absent:
            absent.wait_for("kept")
    errors = [line for line in lines if line["log_level"] == "error"]
    assert [line["event"] for line in errors] == ["the embedded broker ended; starting it again"]


async def test_while_it_is_away_it_is_not_well(port: int, tmp_path: Path) -> None:
    endpoint = MqttEndpoint("127.0.0.1", port)
    async with running_mosquitto(Path("/usr/sbin/mosquitto"), tmp_path, endpoint) as child:
        assert str(port) in await child.check()
        stop = asyncio.Event()
        running = asyncio.create_task(child.run(stop))
        child._binary = tmp_path / "gone"
        child._process.kill()
        async with asyncio.timeout(20):
            while child.restarts == 0:
                await asyncio.sleep(0.02)
        with pytest.raises(TransientFault, match="does not run"):
            await child.check()
        stop.set()
        await running


async def test_a_port_that_somebody_takes_meanwhile_is_not_taken_for_our_own(port: int, tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with server:
        with pytest.raises(TransientFault, match="somebody else listens"):
            async with running_mosquitto(Path("/usr/sbin/mosquitto"), tmp_path, MqttEndpoint("127.0.0.1", port)):
                pass


async def test_a_database_that_is_spoiled_keeps_it_from_starting_and_stays_as_it_is(port: int, tmp_path: Path) -> None:
    (tmp_path / "mosquitto.db").write_bytes(spoiled := b"\0" * 100)
    with pytest.raises(TransientFault, match="ended with"):
        async with running_mosquitto(Path("/usr/sbin/mosquitto"), tmp_path, MqttEndpoint("127.0.0.1", port)):
            pass
    assert (tmp_path / "mosquitto.db").read_bytes() == spoiled


async def test_its_files_are_for_nobody_else(port: int, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    async with running_mosquitto(Path("/usr/sbin/mosquitto"), folder, MqttEndpoint("127.0.0.1", port)):
        pass
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "mosquitto.db").stat().st_mode & 0o077 == 0


async def test_what_it_warns_of_is_in_our_log_but_never_without_bound(port: int, tmp_path: Path) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\nfor i in $(seq 100); do echo Warning $i >&2; done\nexit 1\n")
    program.chmod(0o755)
    with capture_logs() as lines, pytest.raises(TransientFault, match="Warning 98; Warning 99; Warning 100"):
        async with running_mosquitto(program, tmp_path, MqttEndpoint("127.0.0.1", port)):
            pass
    assert [line["line"] for line in lines] == [f"Warning {n}" for n in range(1, 21)]
