"""How many messages/s the load driver gets into Mosquitto from one core, by number of connections, beside a bare floor.

The driver has core 0 to itself and Mosquitto core 1; nobody subscribes. The floor (`benchmarks.gateway.mqtt_load`) is one
connection that writes whole packets made beforehand and counts PUBACKs, without a schedule, ids or books.

usage: python -m benchmarks.load_driver [--seconds S] [--rate R] [CONNECTIONS …]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from benchmarks.report import report
from benchmarks.rows import Row
from domain.mqtt import parse_mqtt_url
from simulators.fleet.driver import LoadDriver
from simulators.fleet.kinds import kind_named
from simulators.fleet.plan import LoadPlan, LoadProgress
from simulators.fleet.schedule import ProfileName, profile_of
from tests.servers.mosquitto import Mosquitto

_CONNECTIONS = (1, 10, 100, 1000, 5000)
_ASKED_PER_S = 60_000
_FLOOR_MESSAGES = 200_000
_WITHIN_S = 120


def measure(connections: list[int], rate: float, seconds: float) -> list[Row]:
    """One row for each number of connections, a floor measured before it."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder)).start()
        os.sched_setaffinity(broker.pid, {1})
        try:
            return [_row(broker, count, rate, seconds) for count in connections]
        finally:
            broker.stop()


def _row(broker: Mosquitto, connections: int, rate: float, seconds: float) -> Row:
    floor = _floor(broker.port)
    told: Queue[dict[str, float]] = get_context("spawn").Queue()
    before_s = _cpu_s(broker.pid)
    child = get_context("spawn").Process(target=_drive, args=(broker.url, connections, rate, seconds, told))
    child.start()
    found = told.get(timeout=_WITHIN_S)
    child.join()
    broker_us = (_cpu_s(broker.pid) - before_s) / found["sent"] * 1e6
    broker_share = broker_us * found["per_s"] / 1e6
    return {
        "name": f"{connections:,} connections: driver {found['cpu_us']:.1f} µs a message, {found['driver_share']:.0%} of "
        f"core 0; Mosquitto {broker_us:.1f} µs, {broker_share:.0%} of core 1",
        "value": found["per_s"],
        "unit": "messages/s",
        "floor": floor,
        "ratio": found["per_s"] / floor,
        "bar": f"{_ASKED_PER_S:,}/s",
        "holds": found["per_s"] >= _ASKED_PER_S,
    }


def _drive(url: str, connections: int, rate: float, seconds: float, told: "Queue[dict[str, float]]") -> None:
    os.sched_setaffinity(0, {0})
    plan = LoadPlan(
        endpoint=parse_mqtt_url(url),
        kind=kind_named("streetlight"),
        profile=profile_of(ProfileName.STEADY, rate, seconds),
        devices=max(connections, int(rate / 100)),
        connections=connections,
        processes=1,
        probe_every=0,
        client_prefix=f"bench-{time.time_ns()}-",
        patience_s=_WITHIN_S,
    )
    driver = LoadDriver(plan, 0)
    if not driver.connect(_go_on, _WITHIN_S):
        raise SystemExit("not every connection came up")
    done = driver.run(int(time.time() * 1000) + 50, _go_on)
    told.put(
        {
            "sent": done.sent,
            "per_s": done.acknowledged / done.took_s,
            "cpu_us": done.cpu_s / done.sent * 1e6,
            "driver_share": done.cpu_s / done.took_s,
        }
    )


def _go_on(_progress: LoadProgress) -> bool:
    return False


def _floor(port: int) -> float:
    command = [sys.executable, "-m", "benchmarks.gateway.mqtt_load", str(port), str(_FLOOR_MESSAGES), "single"]
    done = subprocess.run(
        ["taskset", "-c", "0", *command], check=True, capture_output=True, text=True, timeout=_WITHIN_S
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return float(told["per_s"])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("connections", type=int, nargs="*", default=list(_CONNECTIONS))
    parser.add_argument("--rate", type=float, default=100_000, help="offered messages/s, above what can be reached")
    parser.add_argument("--seconds", type=float, default=3)
    asked = parser.parse_args()
    report(measure(asked.connections, asked.rate, asked.seconds), "load-driver")
