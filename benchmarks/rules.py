"""Rules reports/s: one rule over 200,000 reports of 10,000 lamps, beside plain Python doing the same job in the same run.

Every lamp reports each minute for twenty; one in a hundred dies at minute 5. Dead for two minutes raises one event each:
100 events, no more and no fewer. The floor parses the same records and keeps one dict: no order, no duplicates, no
silence, no state that outlives it, no guarantees.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from domain.devices import Device
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Topics
from rules.definitions import apply_rules
from rules.documents import parse_rules
from rules.engine.lane import Lane
from rules.engine.plans import RuleSet
from rules.sums import read_rule_sums
from rules.worker import RulesWorker
from streams.opening import open_log
from streams.ports import Committed, Log, Outgoing, TopicPartition
from tests.servers.kafka import KafkaServer
from urbansense.memory import settled_memory

Row = dict[str, Any]
_LAMPS, _MINUTES, _T0_MS = 10_000, 20, 1_763_772_000_000
_REPORTS, _EVENTS = _LAMPS * _MINUTES, _LAMPS // 100
_PAIRS = 3
_KIND = "streetlight"
_RULE = """
rule: lamp-dead
kind: streetlight
when: reading.dimming_level > 0 && reading.active_power < 5
for: 2m
"""


async def measure() -> list[Row]:
    """Rows of {name, value, unit, floor, ratio}; Kafka is left out where it cannot be had."""
    rows = [_in_memory()]
    with tempfile.TemporaryDirectory() as folder:
        rows += await _on_log("embedded log", "embedded:", Path(folder))
        try:
            (Path(folder) / "kafka").mkdir()
            kafka = KafkaServer(Path(folder) / "kafka").start()
        except pytest.skip.Exception as absence:
            print(f"Kafka is left out: {absence}")
            return rows
        try:
            rows += await _on_log("Kafka", kafka.url, Path(folder))
        finally:
            kafka.stop()
    return rows


def _in_memory() -> Row:
    """Parsing and judging alone, no log."""
    records = [(key, value) for minute in range(_MINUTES) for key, value in _minute(minute, partitions=1)]
    pairs = [(_judge(records), _judge_plainly(records)) for _ in range(_PAIRS)]
    return _row("rules engine and JSON, in memory", pairs)


def _judge(records: Sequence[tuple[bytes | None, bytes]]) -> float:
    lane = Lane(_KIND, RuleSet(parse_rules(_RULE)), _Lamps().device)
    began = time.perf_counter()
    for key, value in records:
        if key is None:
            lane.tick(orjson.loads(value))
        else:
            lane.report(orjson.loads(value))
    took_s = time.perf_counter() - began
    assert (lane.judged, len(lane.raised)) == (_REPORTS, _EVENTS)
    return _REPORTS / took_s


def _judge_plainly(records: Sequence[tuple[bytes | None, bytes]]) -> float:
    floor = _Floor()
    began = time.perf_counter()
    for key, value in records:
        if key is not None:
            floor.take(key, value)
    took_s = time.perf_counter() - began
    assert floor.events == _EVENTS
    return _REPORTS / took_s


class _Floor:
    """Three dead reports in a row: a dict of counts, as in plain Python."""

    def __init__(self) -> None:
        self.events = 0
        self._runs: dict[bytes, int] = {}

    def take(self, key: bytes, value: bytes) -> None:
        readings = orjson.loads(value)["readings"]
        if readings["dimming_level"] > 0 and readings["active_power"] < 5:
            count = self._runs[key] = self._runs.get(key, 0) + 1
            self.events += count == 3
        else:
            self._runs.pop(key, None)


async def _on_log(name: str, url: str, folder: Path) -> list[Row]:
    """The whole worker on a log: with its transactions, and with writers that forget what they are given."""
    kept, forgotten = [], []
    for number in range(_PAIRS):
        async with _filled(url, folder / f"{name}-{number}", f"bench{number}-") as (log, topics):
            floor = await (_read_bare_kafka(url, topics) if url.startswith("kafka:") else _read_plainly(log, topics))
            forgotten.append((await _work(_Forgetful(log), log, topics), floor))
            kept.append((await _work(log, log, topics), floor))
            events = (await log.bounds([topics.rules_raised]))[TopicPartition(topics.rules_raised, 0)]
            sums = await read_rule_sums(log, topics)
            assert sums.judged == _REPORTS, sums
            assert events[1] - events[0] >= _EVENTS, events
    return [_row(f"rules worker on {name}", kept), _row(f"rules worker on {name}, nothing committed", forgotten)]


@asynccontextmanager
async def _filled(url: str, folder: Path, prefix: str) -> AsyncIterator[tuple[Log, Topics]]:
    topics = Topics(prefix=prefix, partitions=4, kinds=(_KIND,))
    log = await open_log(url, folder)
    try:
        await log.ensure_topics(topics.specs())
        await apply_rules(log, topics, _RULE, now_ms=_T0_MS)
        for minute in range(_MINUTES):
            await log.append(
                [
                    Outgoing(topics.telemetry(_KIND), key, value, TELEMETRY_HEADERS if key else TICK_HEADERS, partition)
                    for key, value, partition in _routed(minute, topics.partitions)
                ]
            )
        yield log, topics
    finally:
        await log.close()


async def _read_plainly(log: Log, topics: Topics) -> float:
    """The floor on the log: read, parse, one dict."""
    floor, judged = _Floor(), 0
    reader = await log.reader(topics.all_telemetry)
    began = None
    try:
        while judged < _REPORTS:
            batch = await reader.read(1.0)
            began = began or time.perf_counter()
            for records in batch.values():
                for record in records:
                    if record.key is not None:
                        floor.take(record.key, record.value or b"")
                        judged += 1
        took_s = time.perf_counter() - (began or 0.0)
    finally:
        await reader.close()
    assert floor.events == _EVENTS
    return _REPORTS / took_s


async def _read_bare_kafka(url: str, topics: Topics) -> float:
    """The floor on Kafka: the bare library reads, parse, one dict."""
    floor, judged = _Floor(), 0
    began = None
    consumer = AIOKafkaConsumer(
        *topics.all_telemetry,
        bootstrap_servers=url.removeprefix("kafka://"),
        group_id=f"floor{time.time_ns()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=5000,
    )
    await consumer.start()
    try:
        while judged < _REPORTS:
            batch = await consumer.getmany(timeout_ms=1000)
            began = began or (time.perf_counter() if batch else None)
            for records in batch.values():
                for record in records:
                    if record.key is not None:
                        floor.take(record.key, record.value)
                        judged += 1
        took_s = time.perf_counter() - (began or 0.0)
    finally:
        await consumer.stop()
    assert floor.events == _EVENTS
    return _REPORTS / took_s


async def _work(using: Any, log: Log, topics: Topics) -> float:
    """Reports/s of a worker from its first report to its last commit."""
    worker, stop = RulesWorker(using, topics, _Lamps()), asyncio.Event()
    with settled_memory():  # as in every service
        running = asyncio.create_task(worker.run(stop))
        await _until(lambda: _judged(worker) > 0)
        before, began = _judged(worker), time.perf_counter()
        await _until(lambda: _judged(worker) == _REPORTS)
        stop.set()
        await running
        return (_REPORTS - before) / (time.perf_counter() - began)


async def _until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not there():
            await asyncio.sleep(0.005)


def _judged(worker: RulesWorker) -> int:
    return sum(health.judged for health in worker.health())


class _Forgetful:
    """A log whose transactions cost nothing and keep nothing."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def writer(self, transactional_id: str) -> "_Forgetful":
        return self

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        pass

    async def close(self) -> None:
        pass


class _Lamps:
    """The registry: answers from a dict, as the real one does."""

    version = 1

    def __init__(self) -> None:
        self._lamps = {
            f"SL-320582-{i:06d}": Device(
                f"SL-320582-{i:06d}", _KIND, _KIND, area="320582/110/152/102", report_interval_s=60
            )
            for i in range(_LAMPS)
        }

    def device(self, device_id: str) -> Device | None:
        return self._lamps.get(device_id)

    def devices(self) -> Sequence[Device]:
        return list(self._lamps.values())


def _minute(minute: int, partitions: int) -> list[tuple[bytes | None, bytes]]:
    """One report of every lamp, and behind them the ticks of that minute."""
    reports: list[tuple[bytes | None, bytes]] = [
        (f"SL-320582-{i:06d}".encode(), orjson.dumps(_report(i, minute))) for i in range(_LAMPS)
    ]
    tick = orjson.dumps({"gateway": 0, "tick_at_ms": _T0_MS + minute * 60_000 + 1_000})
    return reports + [(None, tick)] * partitions


def _routed(minute: int, partitions: int) -> list[tuple[bytes | None, bytes, int | None]]:
    records = _minute(minute, partitions)
    ticks = iter(range(partitions))
    return [(key, value, next(ticks) if key is None else None) for key, value in records]


def _report(i: int, minute: int) -> dict[str, Any]:
    dead = i % 100 == 7 and minute >= 5
    observed_ms = _T0_MS + minute * 60_000 + i % 1000
    return {
        "device_id": f"SL-320582-{i:06d}",
        "kind": _KIND,
        "observed_at_ms": observed_ms,
        "received_at_ms": observed_ms + 300,
        "message_id": str(minute),
        "codec": "json",
        "readings": {
            "voltage": 229.1,
            "current": 0.0 if dead else 0.42,
            "active_power": 0.0 if dead else 96.2,
            "dimming_level": 80.0,
            "gear_temperature": 23.1,
        },
        "area": "320582/110/152/102",
    }


def _row(name: str, pairs: Sequence[tuple[float, float]]) -> Row:
    """The medians; the ratio is that of the pairs, so that a slow moment of the machine weighs on both sides."""
    return {
        "name": name,
        "value": statistics.median(ours for ours, _ in pairs),
        "unit": "reports/s",
        "floor": statistics.median(floor for _, floor in pairs),
        "ratio": statistics.median(ours / floor for ours, floor in pairs),
    }
