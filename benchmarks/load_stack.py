"""`make load`: the whole path on this machine, each service a process of its own, under `urbansense load`.

    Mosquitto ──▶ gateway ──▶ Kafka ──▶ recorder (DuckDB)
                                └─────▶ rules worker ──▶ correlator ──▶ city.events

usage: python -m benchmarks.load_stack [--workers W] [--partitions P] [options of `urbansense load`]

Everything listens on loopback, on free ports, with its data in a scratch folder; all of it is stopped at the end, also on
Ctrl-C. The recorder writes DuckDB, or the InfluxDB that URBANSENSE_STORE_URL names.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.e2e.processes.platform import COMMAND, ROOT, Platform, answers, platform
from tests.servers.kafka import JARS, KafkaServer
from tests.servers.mosquitto import BINARY, Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until

_DEFAULT = ("--devices", "5000", "--rate", "5000", "--duration", "60s")
_START_WITHIN_S = 60


class LoadStack:
    """The services of one platform on a broker and a log that run already; `services` names them for `--service`."""

    def __init__(self, folder: Path, mqtt_url: str, log_url: str, prefix: str, workers: int, partitions: int) -> None:
        self._folder = folder
        self._settings: dict[str, Any] = {
            "mqtt_url": mqtt_url, "log_url": log_url, "topic_prefix": prefix, "partitions": partitions,
            "data_dir": folder / "data",
        }  # fmt: skip
        for name in ("store_url", "store_token"):
            if value := os.environ.get(f"URBANSENSE_{name.upper()}"):
                self._settings[name] = value
        self._names = ["gateway", "recorder", *(f"rules-worker-{n}" for n in range(1, workers + 1)), "correlator"]
        self.services: dict[str, str] = {}
        self.processes: dict[str, Process] = {}

    @contextmanager
    def running(self) -> Iterator[Platform]:
        """All services up, killed at the end; gives a platform to run commands on, on whose HTTP port nobody listens."""
        with ExitStack() as stack:
            for name in self._names:
                port = free_port()
                own = stack.enter_context(platform(self._folder, **self._settings, http_port=port))
                self.processes[name] = _service(own, name).start()
                self.services[name] = f"http://127.0.0.1:{port}/metrics"
            for name, process in self.processes.items():
                url = self.services[name]
                wait_until(lambda url=url: answers(url), _START_WITHIN_S, f"{name} answers", process)  # type: ignore[misc]
            yield stack.enter_context(platform(self._folder, **self._settings, http_port=free_port()))


def _service(own: Platform, name: str) -> Process:
    if name == "recorder":
        return own.recorder()
    return own.service("rules-worker" if name.startswith("rules-worker") else name)


def missing() -> list[str]:
    """What this machine lacks, each with how to get it."""
    lacks = []
    if BINARY is None:
        lacks.append("mosquitto is not installed (Debian: apt-get install mosquitto)")
    if shutil.which("java") is None:
        lacks.append("java is not installed (Debian: apt-get install openjdk-17-jre-headless)")
    elif not any(JARS.glob("*/.complete")):
        lacks.append("Apache Kafka is not here: run make servers")
    return lacks


def main(arguments: Sequence[str]) -> int:
    """The exit code of `urbansense load` on a stack of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="rules workers")
    parser.add_argument("--partitions", type=int, default=12)
    asked, load = parser.parse_known_args(arguments)
    if lacks := missing():
        for lack in lacks:
            print(f"make load: {lack}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="urbansense-load-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        (folder / "kafka").mkdir()
        (folder / "mosquitto").mkdir()
        try:
            broker = Mosquitto(folder / "mosquitto").start()
            stack.callback(broker.stop)
            kafka = KafkaServer(folder / "kafka").start()
            stack.callback(kafka.stop)
            services = LoadStack(folder, broker.url, kafka.url, "load.", asked.workers, asked.partitions)
            running = stack.enter_context(services.running())
            named = {**services.services, "mosquitto": str(broker.pid), "kafka": str(kafka.pid)}
            return _load(running, load or list(_DEFAULT), named)
        except KeyboardInterrupt:
            print("make load: stopped", file=sys.stderr)
            return 130


def _load(running: Platform, options: Sequence[str], services: dict[str, str]) -> int:
    named = [part for name, where in services.items() for part in ("--service", f"{name}={where}")]
    environment = {name: value for name, value in running.environment.items() if name != "COLUMNS"}
    child = subprocess.Popen([*COMMAND, "load", *options, *named], env=environment, cwd=ROOT)
    try:
        return child.wait()
    except KeyboardInterrupt:
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
