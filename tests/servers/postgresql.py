"""A real PostgreSQL on loopback, from Debian's package, or the server that URBANSENSE_TEST_POSTGRES names."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.absence import absent
from tests.servers.ports import free_port
from tests.servers.processes import Process, accepts_connections, wait_until

_SUPERUSER = "urbansense"


class Postgres:
    """One cluster in a folder of its own. PostgreSQL refuses to run as root; then Debian's user `postgres` runs it."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            self._as_user = ["runuser", "-u", "postgres", "--"]
        self.port = free_port()
        self.url = f"postgresql+psycopg://{_SUPERUSER}@127.0.0.1:{self.port}/postgres"
        self._binaries, self._folder = binaries, folder
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [*self._as_user, str(binaries / "postgres"), "-D", str(folder / "data"), *options]
        self._process = Process(command, folder.parent / f"{folder.name}.log")

    def start(self) -> "Postgres":
        initdb = [*self._as_user, str(self._binaries / "initdb"), "-D", str(self._folder / "data")]
        made = Process(
            [*initdb, "-U", _SUPERUSER, "--auth=trust", "-E", "UTF8", "--locale=C"], self._process.log
        ).start()
        wait_until(lambda: made.returncode is not None, 60, "initdb ends")
        assert made.returncode == 0, made.tail()
        self._process.start()
        wait_until(lambda: accepts_connections(self.port), 30, "PostgreSQL accepts connections", self._process)
        return self

    def stop(self) -> None:
        self._process.stop()


def _binaries() -> Path | None:
    """Debian keeps them beside one another by version; the newest is taken."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server's address, database `postgres`; make your own database in it."""
    named = os.environ.get("URBANSENSE_TEST_POSTGRES")
    if named:
        yield named
        return
    binaries = _binaries()
    if binaries is None:
        absent("postgresql", "PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with tempfile.TemporaryDirectory(prefix="urbansense-postgres-") as outside:
        os.chmod(outside, 0o755)
        folder = Path(outside, "cluster")
        folder.mkdir()
        server = Postgres(binaries, folder).start()
        yield server.url
        server.stop()
