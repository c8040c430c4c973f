"""A real VictoriaMetrics on loopback, from Debian's package: it takes the same writes as InfluxDB 2."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.servers.absence import absent
from tests.servers.ports import free_port
from tests.servers.processes import Process, accepts_connections, wait_until


class VictoriaMetrics:
    """One server with its own folder; `stop` and `start` again keep the data and the port."""

    def __init__(self, folder: Path) -> None:
        binary = shutil.which("victoria-metrics")
        if binary is None:
            absent("victoriametrics", "victoria-metrics is not installed (Debian: apt-get install victoria-metrics)")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [
            binary, f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={folder / 'data'}",
            "-retentionPeriod=100y", "-loggerLevel=WARN", "-memory.allowedBytes=256MB",
        ]  # fmt: skip
        self._process = Process(command, folder / "victoria-metrics.log")

    def start(self) -> "VictoriaMetrics":
        self._process.start()
        wait_until(lambda: accepts_connections(self.port), 20, "VictoriaMetrics accepts connections", self._process)
        return self

    def stop(self) -> None:
        self._process.stop()

    def export(self, selector: str) -> list[dict[str, Any]]:
        """Every stored sample of the series that the selector names, as they were written."""
        httpx.get(f"{self.url}/internal/force_flush").raise_for_status()
        answer = httpx.get(f"{self.url}/api/v1/export", params={"match[]": selector, "start": 0})
        return [orjson.loads(line) for line in answer.raise_for_status().text.splitlines()]


@pytest.fixture
def own_victoriametrics(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    """A server of the test's own, not yet started, which it may stop and start."""
    server = VictoriaMetrics(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def victoriametrics(own_victoriametrics: VictoriaMetrics) -> VictoriaMetrics:
    return own_victoriametrics.start()
