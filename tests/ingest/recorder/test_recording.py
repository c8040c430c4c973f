"""The recorder and the ledger between the embedded log and DuckDB."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.devices import Device
from domain.errors import TransientFault
from domain.events import Event, Severity, Status, Text, event_id
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Topics
from ingest.dialects.messages import MqttMessage
from ingest.ledger.counting import LogCount, store_ledger
from ingest.pipeline.message_to_records import Pipeline
from ingest.recorder.recording import Recorder
from streams.ports import Outgoing
from streams.reading.tables import read_to_end
from streams.sqlite.log import SQLiteLog
from tests.ingest.lookup import lookup_of
from timeseries.duckdb.store import DuckDBStore
from timeseries.ports import PartitionBatch, PartitionProgress, Refusal, Sums, WriteOutcome

T0_MS = 1_780_000_000_000
TOPICS = Topics(partitions=3, kinds=("streetlight", "water_monitor"))


def report(number: int, device: int = 0, value: float = 1.0, quantity: str = "voltage") -> Outgoing:
    telemetry: dict[str, Any] = {
        "device_id": f"L{device}",
        "kind": "streetlight",
        "observed_at_ms": T0_MS + number * 1000,
        "received_at_ms": T0_MS + number * 1000 + 50,
        "message_id": str(number),
        "codec": "json",
        "readings": {quantity: value},
    }
    key = telemetry["device_id"].encode()
    return Outgoing(TOPICS.telemetry("streetlight"), key, orjson.dumps(telemetry), TELEMETRY_HEADERS)


def tick(number: int) -> list[Outgoing]:
    value = orjson.dumps({"gateway": 0, "tick_at_ms": T0_MS + number * 1000})
    return [Outgoing(t, None, value, TICK_HEADERS, p) for t in TOPICS.all_telemetry for p in range(3)]


class Flaky:
    """The real store; `before` and `after` see each write of telemetry and may raise."""

    def __init__(self, store: DuckDBStore) -> None:
        self._store = store
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[WriteOutcome], WriteOutcome] = lambda outcome: outcome

    async def write_telemetry(
        self, batches: Sequence[PartitionBatch], progress: Mapping[tuple[str, int], PartitionProgress]
    ) -> WriteOutcome:
        self.before()
        return self.after(await self._store.write_telemetry(batches, progress))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SQLiteLog]:
    log = SQLiteLog(tmp_path / "log.db")
    await log.ensure_topics(TOPICS.specs())
    yield log
    await log.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Flaky]:
    store = await DuckDBStore.open(tmp_path / "store.duckdb")
    yield Flaky(store)
    await store.close()


@asynccontextmanager
async def recording(log: SQLiteLog, store: Flaky) -> AsyncIterator[Recorder]:
    recorder, stop = Recorder(log, store, TOPICS), asyncio.Event()
    task = asyncio.create_task(recorder.run(stop))
    try:
        yield recorder
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(0.02)


async def settled(log: SQLiteLog, store: Flaky) -> bool:
    return (await store_ledger(LogCount(log, TOPICS), store)).pending == 0


async def stored_rows(store: Flaky) -> list[tuple[int, float]]:
    return [
        (sample.observed_at_ms, sample.value)
        for device in range(5)
        for sample in await store.fetch_samples(f"L{device}", "streetlight", "voltage", T0_MS, T0_MS + 10**9)
    ]


async def test_every_report_is_stored_once_and_the_ledger_balances(log: SQLiteLog, store: Flaky) -> None:
    reports = [report(n, n % 5) for n in range(1000)]
    await log.append([*tick(0), *reports, *tick(1), *random.Random(1).sample(reports, 200)])
    async with recording(log, store):
        await until(lambda: settled(log, store))
    ledger = await store_ledger(LogCount(log, TOPICS), store)
    assert (ledger.accepted, ledger.stored, ledger.duplicate, ledger.refused) == (1200, 1000, 200, 0)
    assert ledger.balances
    assert len(await stored_rows(store)) == 1000


async def test_a_log_that_was_lost_is_recorded_from_its_new_beginning(
    tmp_path: Path, log: SQLiteLog, store: Flaky
) -> None:
    await log.append([*tick(0), *[report(n, n % 5) for n in range(100)]])
    async with recording(log, store):
        await until(lambda: settled(log, store))
    anew = SQLiteLog(tmp_path / "another.db")
    await anew.ensure_topics(TOPICS.specs())
    await anew.append([*tick(1), *[report(n, n % 5) for n in range(95, 105)]])

    async def caught_up() -> bool:
        ledger = await store_ledger(LogCount(anew, TOPICS), store)
        return ledger.pending == 0 and ledger.balances

    async with recording(anew, store):
        await until(caught_up)
    assert len(await stored_rows(store)) == 105
    await anew.close()


async def test_a_burst_of_a_device_without_a_clock_is_stored_whole(log: SQLiteLog, store: Flaky) -> None:
    """All within one millisecond, and all sent again by the broker after a crash of the gateway."""
    lookup = lookup_of(Device("L1", "streetlight", "streetlight"), kinds=["streetlight"])
    for received_at_ms in (T0_MS, T0_MS + 30_000):
        pipeline = Pipeline(TOPICS, lookup)
        for seq in range(100):
            payload = orjson.dumps({"seq": seq, "readings": {"voltage": 200 + seq // 2}})
            await log.append(pipeline.records(MqttMessage("city/a/streetlight/L1/up", payload, received_at_ms)))
    async with recording(log, store):
        await until(lambda: settled(log, store))
    ledger = await store_ledger(LogCount(log, TOPICS), store)
    assert (ledger.accepted, ledger.stored, ledger.duplicate) == (200, 100, 100)
    assert [value for _, value in await stored_rows(store)] == [200 + seq // 2 for seq in range(100)]


async def test_a_crash_between_the_store_and_the_log_counts_nothing_twice(log: SQLiteLog, store: Flaky) -> None:
    await log.append([report(n, n % 5) for n in range(100)])

    def die(outcome: WriteOutcome) -> WriteOutcome:
        raise RuntimeError("the process died here, after the store's commit")

    store.after = die
    stop = asyncio.Event()
    with pytest.raises(BaseExceptionGroup):
        await Recorder(log, store, TOPICS).run(stop)
    store.after = lambda outcome: outcome
    await log.append([report(n, n % 5) for n in range(100, 150)])
    async with recording(log, store):
        await until(lambda: settled(log, store))
    ledger = await store_ledger(LogCount(log, TOPICS), store)
    assert (ledger.accepted, ledger.stored, ledger.duplicate) == (150, 150, 0)


async def test_a_store_that_is_away_is_waited_for_and_nothing_is_lost(log: SQLiteLog, store: Flaky) -> None:
    failures = iter(range(3))

    def away() -> None:
        if next(failures, None) is not None:
            raise TransientFault("connection refused")

    store.before = away
    await log.append([report(n) for n in range(20)])
    async with recording(log, store):
        await until(lambda: settled(log, store), 20)
    assert (await store_ledger(LogCount(log, TOPICS), store)).stored == 20


async def test_what_the_store_refuses_goes_to_the_rejected_topic_with_its_words(log: SQLiteLog, store: Flaky) -> None:
    def refuse(outcome: WriteOutcome) -> WriteOutcome:
        telemetry = orjson.loads(report(7).value or b"")
        return WriteOutcome(outcome.progress, [Refusal(telemetry, "field type conflict")])

    store.after = refuse
    await log.append([report(7)])
    async with recording(log, store):
        await until(lambda: settled(log, store))
    (rejection,) = [orjson.loads(r.value or b"") async for r in read_to_end(log, [TOPICS.rejected])]
    assert rejection["reason"] == "store_refused"
    assert rejection["detail"] == "field type conflict"
    count = LogCount(log, TOPICS)
    await count.advance()
    assert count.rejected(partial=False) == {"store_refused": 1}


async def test_a_count_of_the_log_goes_on_where_the_last_one_ended(log: SQLiteLog, store: Flaky) -> None:
    await log.append([report(n) for n in range(30)])
    await LogCount(log, TOPICS).advance()
    await log.append([*tick(1), *(report(n) for n in range(30, 40))])
    count = LogCount(log, TOPICS)
    await count.advance()
    assert count.accepted == 40


async def test_an_untouched_log_has_an_empty_ledger_that_balances(log: SQLiteLog, store: Flaky) -> None:
    ledger = await store_ledger(LogCount(log, TOPICS), store)
    assert ledger.balances
    assert ledger.accepted == 0
    assert Sums() + Sums(1, 2, 3) == Sums(1, 2, 3)


def city_event(revision: int, status: Status) -> Event:
    return Event(
        event_id=event_id("lamp-out", "L1", T0_MS),
        revision=revision,
        rule="lamp-out",
        rule_version=1,
        subject="L1",
        kind="streetlight",
        problem="lamp-out",
        severity=Severity.MAJOR,
        status=status,
        since_ms=T0_MS,
        opened_at_ms=T0_MS,
        cleared_at_ms=T0_MS + 5 if status is Status.CLEARED else None,
        summary=Text(en="Lamp out", zh="路灯不亮"),
    )


async def test_events_are_kept_at_their_highest_revision_and_junk_is_passed_over(log: SQLiteLog, store: Flaky) -> None:
    events = [city_event(1, Status.OPEN), city_event(2, Status.CLEARED), city_event(1, Status.OPEN)]
    values = [event.model_dump_json().encode() for event in events]
    await log.append([Outgoing(TOPICS.events, b"L1", value) for value in (values[0], b"junk", *values[1:])])
    wanted = str(events[0].event_id)

    async def cleared() -> bool:
        event = await store.fetch_event(wanted)
        return event is not None and event.status is Status.CLEARED

    async with recording(log, store):
        await until(cleared)
        await until(lambda: _places_at_end(log))
    assert (await store.fetch_event(wanted)).revision == 2


async def _places_at_end(log: SQLiteLog) -> bool:
    bounds = await log.bounds([TOPICS.events])
    places = await log.committed("recorder-events", sorted(bounds))
    return all(end == 0 or (tp in places and places[tp].offset == end) for tp, (_, end) in bounds.items())
