"""Processes in trouble: what is away or full is named where one looks, what can work goes on, and it heals."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.e2e.processes.platform import Platform, log_lines, platform
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until
from tests.servers.small_disk import SmallDisk

WITHIN_S = 90.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    running = Mosquitto(folder).start()
    yield running
    running.stop()


class Service:
    """`up` or a service alone, as one who watches it sees it."""

    def __init__(self, running: Platform, process: Process) -> None:
        self.process = process
        self._at = f"http://127.0.0.1:{running.settings.http_port}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self._at + path, timeout=20, trust_env=False)

    def checks(self) -> dict[str, tuple[bool, str]]:
        """Empty where nothing answers."""
        try:
            answer = self.get("/readyz")
        except httpx.HTTPError:
            return {}
        found = {check["name"]: (check["ready"], check["detail"]) for check in answer.json()["checks"]}
        assert answer.status_code == (200 if all(ready for ready, _ in found.values()) else 503)
        return found

    def wait_for(self, check: str, ready: bool, words: str = "") -> dict[str, tuple[bool, str]]:
        """The checks once this one is so."""
        found: dict[str, tuple[bool, str]] = {}

        def is_so() -> bool:
            found.clear()
            found.update(self.checks())
            return check in found and found[check][0] is ready and words in found[check][1]

        wait_until(is_so, WITHIN_S, f"{check} is {'' if ready else 'not '}ready", self.process)
        return found

    def metric(self, name: str) -> float:
        lines = [line for line in self.get("/metrics").text.splitlines() if line.startswith(name)]
        return float(lines[0].rpartition(" ")[2])


@contextmanager
def service(folder: Path, name: str = "up", **settings: Any) -> Iterator[tuple[Platform, Service]]:
    with platform(folder, http_port=free_port(), **settings) as running:
        yield running, Service(running, running.service(name).start())


class Device:
    """A device that publishes with QoS 1; `acknowledged` counts what the broker took over from it."""

    def __init__(self, broker: Mosquitto) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def publish(self, payload: bytes, times: int = 1) -> None:
        for _ in range(times):
            self._client.publish("city/a/streetlight/L1/up", payload, qos=1).wait_for_publish(20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.long
def test_without_its_store_everything_else_starts_and_the_store_is_red(tmp_path: Path, broker: Mosquitto) -> None:
    away = f"influxdb://127.0.0.1:{free_port()}/city/telemetry"
    with service(tmp_path, mqtt_url=broker.url, store_url=away, store_token="secret") as (_, up):
        found = up.wait_for("MQTT broker", ready=True)
        assert not found["store"][0]
        assert found["services"][0], found
        assert up.get("/healthz").status_code == 200
        assert up.get("/api/v1/devices").status_code == 200
        refused = up.get("/api/v1/events")
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        wait_until(lambda: up.metric('urbansense_ready{check="store"}') == 0, WITHIN_S, "the metric")
        device = Device(broker)
        device.publish(b'{"readings":{"voltage":229}}')
        name = 'urbansense_gateway_messages_total{step="acknowledged"}'
        wait_until(lambda: up.metric(name) == 1, WITHIN_S, "it is acknowledged", up.process)
        device.close()
        wait_until(lambda: lines_about(up, "not ready", "store") == 1, WITHIN_S, "one line of it", up.process)
        assert up.process.stop() == 0, up.process.tail()


@pytest.mark.long
def test_without_its_database_everything_else_starts_and_the_database_is_red(tmp_path: Path, broker: Mosquitto) -> None:
    away = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/urbansense"
    with service(tmp_path, mqtt_url=broker.url, database_url=away) as (_, up):
        found = up.wait_for("MQTT broker", ready=True)
        assert not found["database"][0]
        assert found["store"][0]
        assert found["services"][0], found
        assert up.get("/api/v1/events").status_code == 200
        assert up.get("/api/v1/devices").status_code == 503
        assert up.process.stop() == 0, up.process.tail()


@pytest.mark.long
@pytest.mark.parametrize("name", ["gateway", "up"])
def test_without_its_log_a_process_says_so_from_its_first_moment(tmp_path: Path, name: str, broker: Mosquitto) -> None:
    away = f"kafka://127.0.0.1:{free_port()}"
    with service(tmp_path, name, mqtt_url=broker.url, log_url=away) as (_, alone):
        found = alone.wait_for("start", ready=False, words="does not answer; waiting for it")
        assert away in found["start"][1]
        assert alone.get("/healthz").status_code == 200
        assert alone.metric('urbansense_ready{check="start"}') == 0
        assert alone.process.stop() == 0, alone.process.tail()


@pytest.mark.long
def test_on_a_full_disk_nothing_is_acknowledged_reading_goes_on_and_it_heals_when_there_is_room(
    tmp_path: Path, small_disk: SmallDisk, broker: Mosquitto
) -> None:
    data, name = small_disk.folder / "data", 'urbansense_gateway_messages_total{step="acknowledged"}'
    with service(tmp_path, mqtt_url=broker.url, data_dir=data, disk_reserve_mb=1) as (_, up):
        up.wait_for("MQTT broker", ready=True)
        device, payload = Device(broker), b'{"readings":{"voltage":229},"more":"%s"}' % (b"x" * 2000)
        device.publish(payload)
        wait_until(lambda: up.metric(name) == 1, WITHIN_S, "the first is acknowledged", up.process)
        small_disk.fill()
        device.publish(payload, times=300)
        found = up.wait_for("log", ready=False)
        assert f"disk full: {data}" in found["log"][1]
        assert "bytes free" in found["disk"][1]
        assert up.get("/api/v1/devices").status_code == 200
        received = up.metric('urbansense_gateway_messages_total{step="received"}')
        assert up.metric(name) < received
        small_disk.free()
        wait_until(lambda: up.metric(name) == 301, WITHIN_S, "all are acknowledged", up.process)
        up.wait_for("log", ready=True)
        wait_until(lambda: up.get("/readyz").status_code == 200, WITHIN_S, "everything is well", up.process)
        device.close()
        ledger = up.get("/api/v1/ledger").json()
        assert ledger["rejected"] == {"unknown_device": 301}
        assert ledger["store_balances"]
        assert up.process.stop() == 0, up.process.tail()


@pytest.mark.long
def test_a_disk_that_is_full_at_the_start_is_waited_for(tmp_path: Path, small_disk: SmallDisk) -> None:
    small_disk.fill()
    with service(tmp_path, mqtt_url=f"embedded://127.0.0.1:{free_port()}", data_dir=small_disk.folder) as (running, up):
        up.wait_for("start", ready=False, words=f"disk full: {small_disk.folder}")
        done = running.run("ledger", check=False)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        small_disk.free()
        small_disk.grow(400)
        up.wait_for("MQTT broker", ready=True)
        assert up.process.stop() == 0, up.process.tail()


@pytest.mark.long
def test_up_waits_for_a_command_that_holds_the_log_and_names_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    program = (
        "import pathlib, sys; from streams.sqlite.log import SQLiteLog\n"
        "log = SQLiteLog(pathlib.Path(sys.argv[1]))\nprint('held', flush=True)\nsys.stdin.read()"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", program, str(data / "log.sqlite")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    assert command.stdin is not None
    assert command.stdout.readline() == "held\n"
    try:
        with service(tmp_path, mqtt_url=f"embedded://127.0.0.1:{free_port()}") as (running, up):
            up.wait_for("start", ready=False, words=f"in use by process {command.pid}")
            refused = running.run("devices", "list", check=False)
            assert refused.returncode == 2
            assert f"in use by process {command.pid}" in "".join(refused.stderr.split("\n"))
            command.stdin.close()
            up.wait_for("MQTT broker", ready=True)
            assert lines_about(up, "the log cannot be opened yet; waiting for it") == 1
            assert up.process.stop() == 0, up.process.tail()
    finally:
        command.kill()
        command.wait(20)
        command.stdout.close()


def lines_about(watched: Service, event: str, check: str | None = None) -> int:
    lines = [line for line in log_lines(watched.process) if line["event"] == event]
    return sum(check is None or line["check"] == check for line in lines)
