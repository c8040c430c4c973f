"""Gateway messages/s and CPU µs a message at QoS 1, beside the naive gateway on the same broker and log in the same run."""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.servers.kafka import KafkaServer
from tests.servers.mosquitto import Mosquitto

Row = dict[str, Any]
_SHAPES = (("single", 60_000), ("batch", 12_000))
_PAIRS = 3


def measure() -> list[Row]:
    """Rows of {name, value, unit, floor, ratio}; medians of three pairs, ours and the floor in turn."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder)).start()
        kafka_folder = Path(folder) / "kafka"
        kafka_folder.mkdir()
        kafka = KafkaServer(kafka_folder).start()
        try:
            return [row for shape, count in _SHAPES for row in _shape(shape, count, broker.port, kafka.bootstrap)]
        finally:
            kafka.stop()
            broker.stop()


def _shape(shape: str, count: int, port: int, kafka: str) -> list[Row]:
    runs = [(_run("ours", shape, count, port, kafka), _run("floor", shape, count, port, kafka)) for _ in range(_PAIRS)]
    rows = []
    for key, unit, what in (("per_s", "messages/s", "rate"), ("cpu_us", "µs CPU/message", "cost")):
        ours, floor = (statistics.median(pair[side][key] for pair in runs) for side in (0, 1))
        ratio = statistics.median(pair[0][key] / pair[1][key] for pair in runs)
        rows.append({"name": f"gateway {what}, {shape}", "value": ours, "unit": unit, "floor": floor, "ratio": ratio})
    return rows


def _run(module: str, shape: str, count: int, port: int, kafka: str) -> dict[str, float]:
    receiver = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.gateway.{module}", str(port), kafka, str(count)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert receiver.stdout is not None
    try:
        if receiver.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{module} did not start")
        load = [sys.executable, "-m", "benchmarks.gateway.mqtt_load", str(port), str(count), shape]
        subprocess.run(load, check=True, stdout=subprocess.DEVNULL, timeout=120)
        result: dict[str, float] = json.loads(receiver.stdout.readline())
        receiver.wait(60)
    finally:
        receiver.kill()
    return result
