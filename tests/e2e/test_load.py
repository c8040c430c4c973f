"""`urbansense load` on the whole path: Mosquitto, Kafka, and every service a process of its own."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from benchmarks.load_stack import LoadStack
from tests.e2e.processes.platform import Platform, answers, platform
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import wait_until

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]


@dataclass
class Running:
    platform: Platform
    broker: Mosquitto
    services: dict[str, str]
    folder: Path

    def load(self, *options: str, check: bool = False) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        """The command's end, and its report as JSON."""
        told = self.folder / "report.json"
        told.unlink(missing_ok=True)
        services = [part for name, where in self.services.items() for part in ("--service", f"{name}={where}")]
        page = self.folder / "report.html"
        options = (*options, *services, "--json", str(told), "--html", str(page))
        done = self.platform.run("load", *options, timeout_s=90, check=check)
        return done, orjson.loads(told.read_bytes()) if told.exists() else {}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, kafka_bootstrap: str) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("load")
    (folder / "mosquitto").mkdir()
    broker = Mosquitto(folder / "mosquitto").start()
    try:
        prefix = f"load{time.time_ns() % 10**9}."
        stack = LoadStack(folder, broker.url, f"kafka://{kafka_bootstrap}", prefix, workers=1, partitions=3)
        with stack.running() as own:
            yield Running(own, broker, {**stack.services, "mosquitto": str(broker.pid)}, folder)
    finally:
        broker.stop()


def test_a_light_load_passes_with_every_figure_filled_and_leaves_nothing_behind(running: Running) -> None:
    done, report = running.load("--devices", "60", "--rate", "60", "--duration", "4s", "--probe-every", "10",
                                "--max-event-p99", "20s", "--min-achieved", "0.9")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert report["passed"]
    assert report["messages"]["acknowledged"] == report["log"]["seen"] == 240
    assert (report["log"]["lost"], report["log"]["strange"], report["messages"]["refused"]) == (0, 0, 0)
    assert report["events"] == {"expected": 12, "seen": 12, "withdrawn": 0}
    for name in ("log", "store", "event", "driver", "send"):
        latency = report["latency"][name]
        assert latency["count"] >= 12, name
        assert latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"], name
    assert report["latency"]["store"]["count"] == 240
    assert {use["name"] for use in report["services"]} >= {*running.services, "load: driver 1", "load: observer"}
    assert report["ledger"]["store_balances"]
    assert not report["ledger"]["store"]["pending"]
    assert report["left_out"] == []
    assert "the load passes" in done.stdout
    assert "removed: 60 devices" in done.stdout
    assert (running.folder / "report.html").read_text().count("<svg") == 3


def test_a_threshold_that_cannot_hold_ends_with_exit_code_1(running: Running) -> None:
    done, report = running.load("--devices", "20", "--rate", "20", "--duration", "2s", "--max-log-p99", "1ms")
    assert done.returncode == 1
    assert not report["passed"]
    assert "log p99" in {v["threshold"] for v in report["verdicts"] if not v["holds"]}
    assert "MISSED" in done.stdout


@pytest.mark.long
def test_a_broker_that_is_killed_in_the_middle_gives_an_honest_report(running: Running) -> None:
    """Mosquitto keeps what it persisted only: what it had acknowledged and not handed on may be lost, and is told then."""
    stop = threading.Event()
    restarting = threading.Thread(target=_restart_in_the_middle, args=(running, stop))
    restarting.start()
    done, report = running.load("--devices", "50", "--rate", "200", "--duration", "6s", "--probe-every", "0")
    stop.set()
    restarting.join()
    messages, log = report["messages"], report["log"]
    assert messages["reconnects"] >= 50
    assert messages["sent"] == messages["offered"] == 1200
    assert messages["acknowledged"] + messages["unanswered"] == 1200
    assert log["seen"] + log["lost"] >= messages["acknowledged"]
    verdicts = {verdict["threshold"]: verdict["holds"] for verdict in report["verdicts"]}
    assert verdicts["loss"] == (log["lost"] == 0)
    assert done.returncode == (0 if all(verdicts.values()) else 1)


def _restart_in_the_middle(running: Running, stop: threading.Event) -> None:
    """Kill -9 once the gateway has a third of the messages, then start again."""
    before = _received(running)
    wait_until(lambda: stop.is_set() or _received(running) > before + 600, 80, "the middle of the load")
    running.broker.kill()
    running.broker.start()


def _received(running: Running) -> float:
    text = httpx.get(running.services["gateway"], trust_env=False).text
    (line,) = (
        line for line in text.splitlines() if line.startswith('urbansense_gateway_messages_total{step="received"')
    )
    return float(line.split()[1])


def test_what_the_stack_lacks_is_named(tmp_path: Path) -> None:
    """`make load` on a machine without Mosquitto and Java."""
    script = (
        "import shutil; shutil.which = lambda *_, **__: None\nfrom benchmarks.load_stack import main\nexit(main([]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "make load: mosquitto is not installed" in done.stderr
    assert "make load: java is not installed" in done.stderr


def test_without_a_platform_the_command_says_what_it_needs(running: Running, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "urbansense", "load", "--duration", "1s"],
        env={**running.platform.environment, "URBANSENSE_LOG_URL": "embedded:", "URBANSENSE_DATA_DIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "an embedded log serves one process only" in " ".join(done.stderr.split())


@pytest.mark.long
def test_on_an_embedded_platform_what_cannot_be_measured_is_left_out_and_said(tmp_path: Path) -> None:
    told = tmp_path / "report.json"
    with platform(tmp_path, mqtt_url=f"embedded://127.0.0.1:{free_port()}", http_port=free_port()) as running:
        up = running.service("up").start()
        wait_until(lambda: answers(f"{running.settings.client_api_url}/healthz"), 60, "the platform answers", up)
        options = (
            "--devices",
            "30",
            "--rate",
            "30",
            "--duration",
            "4s",
            "--probe-every",
            "5",
            "--max-event-p99",
            "20s",
        )
        done = running.run("load", *options, "--min-achieved", "0.9", "--json", str(told), timeout_s=120, check=False)
        assert running.run_json("devices", "list")["items"] == []
        assert running.run_json("rules", "list")["items"] == []
    report = orjson.loads(told.read_bytes())
    assert done.returncode == 0, done.stdout + done.stderr
    assert (report["log"]["seen"], report["log"]["lost"]) == (None, 0)
    assert report["events"]["seen"] == report["events"]["expected"] == 12
    assert report["latency"]["log"]["count"] == 0
    assert report["latency"]["store"]["count"] == 120
    assert any("embedded log" in line for line in report["left_out"])
