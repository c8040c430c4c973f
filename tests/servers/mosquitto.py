"""A real Mosquitto 2 on loopback, from Debian's package."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.absence import absent
from tests.servers.ports import free_port
from tests.servers.processes import Process, accepts_connections, wait_until

ADMIN_SECRET = "first-admin-secret"
BINARY = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")


PLUGIN = next(
    (
        path
        for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")
        for path in [Path(folder, "mosquitto_dynamic_security.so")]
        if path.exists()
    ),
    None,
)


class Mosquitto:
    """One broker with its own folder: sessions survive `stop` and `start` (persistence is on), not `kill`.

    `more` are further lines of its configuration, which may set `access` to anything but letting everybody in.
    """

    def __init__(self, folder: Path, more: str = "", access: str = "allow_anonymous true") -> None:
        if BINARY is None:
            absent("mosquitto", "mosquitto is not installed (Debian: apt-get install mosquitto)")
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.folder = folder
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\n{access}\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\n"
            f"max_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\nuser root\n{more}"
        )
        self._process = Process([BINARY, "-c", str(config)], folder / "mosquitto.log")

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> "Mosquitto":
        self._process.start()
        wait_until(lambda: accepts_connections(self.port), 10, "Mosquitto accepts connections", self._process)
        return self

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        """Kill -9."""
        self._process.kill()


class SecuredMosquitto(Mosquitto):
    """A broker that lets nobody in but whom its dynamic security knows: at first `admin`, who may command it."""

    def __init__(self, folder: Path, listener: str = "") -> None:
        control = shutil.which("mosquitto_ctrl")
        if PLUGIN is None or control is None:
            absent(
                "mosquitto", "mosquitto's dynamic-security plugin is not installed (Debian: apt-get install mosquitto)"
            )
        self.file = folder / "dynamic-security.json"
        self._init = [control, "dynsec", "init", str(self.file), "admin", ADMIN_SECRET]
        self.wipe()
        plugin = f"plugin {PLUGIN}\nplugin_opt_config_file {self.file}\nlog_dest topic\nlog_dest stderr\n"
        # Without a bound on its queue, 2.0.11 takes every queue for full once it refuses a message, and disconnects.
        plugin += "max_queued_messages 100000\n"
        super().__init__(folder, plugin + "log_type notice\nlog_type error\n" + listener, "allow_anonymous false")
        self.admin_url = self.url_for("admin", ADMIN_SECRET)

    def url_for(self, username: str, secret: str) -> str:
        return f"mqtt://{quote(username, safe='')}:{secret}@127.0.0.1:{self.port}"

    def wipe(self) -> None:
        """As it comes from the box; to be called while it is stopped."""
        self.file.unlink(missing_ok=True)
        subprocess.run(self._init, check=True, capture_output=True, timeout=20)


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


@pytest.fixture
def secured_mosquitto(tmp_path: Path) -> Iterator[SecuredMosquitto]:
    """A broker of the test's own with anonymous access off; started."""
    folder = tmp_path / "secured-mosquitto"
    folder.mkdir()
    broker = SecuredMosquitto(folder)
    yield broker.start()  # type: ignore[misc]
    broker.stop()
