"""A real InfluxDB 2 on loopback: `influxd` on PATH, or the server that URBANSENSE_TEST_INFLUX names."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.servers.absence import absent
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until

NAMED = "URBANSENSE_TEST_INFLUX"
_TOKEN = "urbansense-tests"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Influx:
    """A server with an organisation, and a token that may make buckets there."""

    url: str
    org: str
    token: str

    def make_bucket(self, retention_s: int = 0) -> str:
        """A new bucket's name; what is older than `retention_s` is refused by it (0: nothing is)."""
        name = f"urbansense-{os.getpid()}-{next(_numbers)}"
        rules = (
            [{"type": "expire", "everySeconds": retention_s, "shardGroupDurationSeconds": 3600}] if retention_s else []
        )
        with self.api() as api:
            orgs = api.get("/api/v2/orgs", params={"org": self.org}).raise_for_status().json()["orgs"]
            bucket = {"orgID": orgs[0]["id"], "name": name, "retentionRules": rules}
            api.post("/api/v2/buckets", json=bucket).raise_for_status()
        return name

    def drop_bucket(self, name: str) -> None:
        with self.api() as api:
            for bucket in api.get("/api/v2/buckets", params={"name": name}).raise_for_status().json()["buckets"]:
                api.delete(f"/api/v2/buckets/{bucket['id']}").raise_for_status()

    def api(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {self.token}"}, timeout=20)


class InfluxServer:
    """One `influxd` with its own folder; `stop` and `start` again keep the data and the port."""

    def __init__(self, folder: Path, token: str = _TOKEN) -> None:
        binary = shutil.which("influxd")
        if binary is None:
            absent("influxdb", f"influxd 2.x is not on PATH (and {NAMED} names no server that may be stopped)")
        version = subprocess.run([binary, "version"], capture_output=True, text=True, check=False).stdout
        if "InfluxDB v2." not in version and "InfluxDB 2." not in version:
            absent("influxdb", f"{binary} is no InfluxDB 2: {version.strip()!r}")
        self.influx = Influx(f"http://127.0.0.1:{free_port()}", "city", token)
        command = [
            binary, "--reporting-disabled", "--log-level", "error",
            "--http-bind-address", self.influx.url.removeprefix("http://"),
            "--bolt-path", str(folder / "influxd.bolt"),
            "--sqlite-path", str(folder / "influxd.sqlite"),
            "--engine-path", str(folder / "engine"),
        ]  # fmt: skip
        self._process = Process(command, folder / "influxd.log", {**os.environ, "INFLUXD_CONFIG_PATH": str(folder)})

    def start(self) -> "InfluxServer":
        self._process.start()
        wait_until(self._is_ready, 30, "InfluxDB is ready", self._process)
        return self

    def set_up(self) -> "InfluxServer":
        answer = httpx.post(
            f"{self.influx.url}/api/v2/setup",
            json={
                "username": "tests",
                "password": _TOKEN,
                "org": "city",
                "bucket": "first",
                "token": self.influx.token,
            },
        )
        answer.raise_for_status()
        return self

    def stop(self) -> None:
        self._process.stop()

    def _is_ready(self) -> bool:
        try:
            return bool(httpx.get(f"{self.influx.url}/health").json()["status"] == "pass")
        except (httpx.HTTPError, ValueError, KeyError):
            return False


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """One server for the whole run; tests keep apart by bucket."""
    named = os.environ.get(NAMED)
    if named:
        asked = parse_qs(urlsplit(named).query)
        yield Influx(named.partition("?")[0].rstrip("/"), asked["org"][0], asked["token"][0])
        return
    server = InfluxServer(tmp_path_factory.mktemp("influxd")).start().set_up()
    yield server.influx
    server.stop()


@pytest.fixture
def influx_bucket(influx: Influx) -> Iterator[str]:
    """An empty bucket that keeps everything."""
    name = influx.make_bucket()
    yield name
    influx.drop_bucket(name)


@pytest.fixture
def own_influx(tmp_path: Path) -> Iterator[InfluxServer]:
    """A server of the test's own, set up, which it may stop and start."""
    server = InfluxServer(tmp_path).start().set_up()
    yield server
    server.stop()
