"""The floor of the rules' benches: the same records read, parsed, and one rule judged with one dict in plain Python.

It knows no order, no duplicates, no silence, no late data, no state that outlives it, no guarantees.
"""

import time
from collections.abc import Iterable

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.rows import Pace, Stopwatch
from benchmarks.rules.workload import DEAD, REPORTS, KeyedValue
from domain.topics import Topics
from streams.ports import Log


class _Floor:
    """Three dead reports in a row: a dict of counts."""

    def __init__(self) -> None:
        self.events = self.judged = 0
        self._runs: dict[bytes, int] = {}

    def take(self, key: bytes | None, value: bytes | None) -> None:
        if key is None:
            return
        self.judged += 1
        readings = orjson.loads(value or b"")["readings"]
        if readings["dimming_level"] > 0 and readings["active_power"] < 5:
            count = self._runs[key] = self._runs.get(key, 0) + 1
            self.events += count == 3
        else:
            self._runs.pop(key, None)

    def pace(self, watch: Stopwatch | None) -> Pace:
        assert watch is not None
        assert (self.judged, self.events) == (REPORTS, DEAD), (self.judged, self.events)
        return watch.pace(self.judged)


def judge_plainly(records: Iterable[KeyedValue]) -> Pace:
    """The pace without any log."""
    floor, watch = _Floor(), Stopwatch()
    for key, value in records:
        floor.take(key, value)
    return floor.pace(watch)


async def read_and_judge_plainly(log: Log, url: str, topics: Topics) -> Pace:
    """The pace from a log that holds the workload: by the bare client library on Kafka, else by the log itself."""
    if url.startswith("kafka:"):
        return await _on_bare_kafka(url.removeprefix("kafka://"), topics)
    return await _on_log(log, topics)


async def _on_log(log: Log, topics: Topics) -> Pace:
    floor, watch = _Floor(), None
    reader = await log.reader(topics.all_telemetry)
    try:
        while floor.judged < REPORTS:
            batch = await reader.read(1.0)
            watch = watch or Stopwatch()
            for records in batch.values():
                for record in records:
                    floor.take(record.key, record.value)
        return floor.pace(watch)
    finally:
        await reader.close()


async def _on_bare_kafka(bootstrap: str, topics: Topics) -> Pace:
    floor, watch = _Floor(), None
    consumer = AIOKafkaConsumer(
        *topics.all_telemetry,
        bootstrap_servers=bootstrap,
        group_id=f"floor{time.time_ns()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=5000,
    )
    await consumer.start()
    try:
        while floor.judged < REPORTS:
            batch = await consumer.getmany(timeout_ms=1000)
            watch = watch or (Stopwatch() if batch else None)
            for records in batch.values():
                for record in records:
                    floor.take(record.key, record.value)
        return floor.pace(watch)
    finally:
        await consumer.stop()
