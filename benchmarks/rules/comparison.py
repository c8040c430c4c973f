"""The rules: the engine alone, the worker on the embedded log and on Kafka, its restore, its memory.

Kafka is left out where it cannot be had.
"""

import tempfile
from pathlib import Path

import pytest

from benchmarks.rows import Row
from benchmarks.rules.in_memory import measure_in_memory
from benchmarks.rules.memory import measure_memory
from benchmarks.rules.on_log import measure_on_log
from benchmarks.rules.restore import measure_restore
from tests.servers.kafka import KafkaServer


async def measure() -> list[Row]:
    """The rows, in the order of the table."""
    rows = [*measure_in_memory(), measure_memory()]
    with tempfile.TemporaryDirectory() as folder:
        rows += await _on("the embedded log", "embedded:", Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        try:
            kafka = KafkaServer(Path(folder)).start()
        except pytest.skip.Exception as absence:
            print(f"Kafka is left out: {absence}")
            return rows
        try:
            rows += await _on("Kafka", kafka.url, Path(folder))
        finally:
            kafka.stop()
    return rows


async def _on(name: str, url: str, folder: Path) -> list[Row]:
    return await measure_on_log(name, url, folder) + await measure_restore(name, url, folder)
