"""A real Mosquitto 2 on loopback, from Debian's package."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.absence import absent
from tests.servers.ports import free_port
from tests.servers.processes import Process, accepts_connections, wait_until

BINARY = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")


class Mosquitto:
    """One broker with its own folder: sessions survive `stop` and `start` (persistence is on), not `kill`."""

    def __init__(self, folder: Path) -> None:
        if BINARY is None:
            absent("mosquitto", "mosquitto is not installed (Debian: apt-get install mosquitto)")
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\n"
            "max_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\nuser root\n"
        )
        self._process = Process([BINARY, "-c", str(config)], folder / "mosquitto.log")

    def start(self) -> "Mosquitto":
        self._process.start()
        wait_until(lambda: accepts_connections(self.port), 10, "Mosquitto accepts connections", self._process)
        return self

    def stop(self) -> None:
        self._process.stop()


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One broker for the whole run; tests keep apart by topic and client id."""
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto")).start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def mosquitto_url(mosquitto: Mosquitto) -> str:
    return mosquitto.url


@pytest.fixture
def own_mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of the test's own, which it may stop and start; not yet started."""
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()
