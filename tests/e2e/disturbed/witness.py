"""What the log and the store hold, read by the public ports, and how far each stage is behind."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import NamedTuple

import orjson

from domain.events import Event
from domain.ledger import Ledger
from domain.telemetry import Reading, Telemetry
from domain.topics import Topics, header, is_tick
from ingest.ledger.statement import LedgerAccount
from ingest.recorder.place import recorder_group
from rules.worker.sums import read_rule_sums, rules_group
from streams.opening.by_url import open_log
from streams.ports import Log
from streams.reading.tables import read_between, read_to_end
from tests.e2e.disturbed.workload import Outcome
from timeseries.ports import Store
from timeseries.queries.events import EventQuery
from urbansense.configuration.settings import Settings
from urbansense.wiring.parts import open_parts, open_store_part

Reports = Mapping[tuple[str, int], Mapping[str, Reading]]
"""Readings by device and instant."""


class Found(NamedTuple):
    """What there is after a run. `duplicates` counts the records of the log that repeat a report; `behind` is what the
    stages have left to do.
    """

    logged: Reports
    duplicates: int
    stored: Reports
    samples: int
    events: list[Event]
    announced: Counter[str]
    ledger: Ledger
    behind: Mapping[str, int]


class Stages:
    """Every stage's place in the log, asked of the log itself."""

    def __init__(self, log: Log, topics: Topics) -> None:
        self.log = log
        self.topics = topics
        recorder = recorder_group(topics)
        self._groups = {
            "recorder": (recorder, topics.all_telemetry),
            "rules-worker": (rules_group(topics), topics.all_telemetry),
            "correlator": (f"{topics.prefix}correlator", (topics.rules_raised,)),
            "events recorder": (f"{recorder}-events", (topics.events,)),
        }

    async def done(self, stage: str) -> int:
        """How many records the stage has dealt with, ticks among them; of the gateway, how many stand in the log."""
        if stage == "gateway":
            return sum(end - first for first, end in (await self.log.bounds(self.topics.all_telemetry)).values())
        group, names = self._groups[stage]
        places = await self.log.committed(group, sorted(await self.log.bounds(names)))
        return sum(place.offset for place in places.values())

    async def behind(self) -> dict[str, int]:
        """By stage, how many records but ticks it has not dealt with; stages that have none are left out."""
        left = {}
        for stage, (group, names) in self._groups.items():
            bounds = await self.log.bounds(names)
            places = await self.log.committed(group, sorted(bounds))
            spans = {tp: (places[tp].offset if tp in places else first, end) for tp, (first, end) in bounds.items()}
            left[stage] = sum([not is_tick(record.headers) async for record in read_between(self.log, spans)])
        return {stage: count for stage, count in left.items() if count}

    async def reports(self) -> list[Telemetry]:
        """Every report in the log, duplicates too."""
        return [
            orjson.loads(record.value or b"")
            async for record in read_to_end(self.log, self.topics.all_telemetry)
            if not is_tick(record.headers)
        ]

    async def settle(self, reports: int, timeout_s: float) -> None:
        """Return when that many distinct reports are in the log and no stage is behind.

        The stages are looked at twice: what one of them lets go of may have passed the look at the next.
        """
        await until(lambda: self._has(reports), timeout_s, f"{reports} distinct reports in the log")
        await until(self._is_level, timeout_s, "every stage at the end of the log")

    async def _has(self, reports: int) -> bool:
        return len({identity(report) for report in await self.reports()}) >= reports

    async def _is_level(self) -> bool:
        return not await self.behind() and not await self.behind()


@asynccontextmanager
async def stages_of(settings: Settings) -> AsyncIterator[Stages]:
    """The stages' places in a log that serves several processes."""
    log = await open_log(settings.log_url, settings.data_dir)
    try:
        yield Stages(log, settings.topics)
    finally:
        await log.close()


async def fetch_found(settings: Settings) -> Found:
    """Everything there is once nothing runs any more that holds a file."""
    stop = asyncio.Event()
    async with open_parts(settings, stop) as parts, open_store_part(settings) as store:
        stages = Stages(parts.log, parts.topics)
        reports = await stages.reports()
        logged = {identity(report): report["readings"] for report in reports}
        stored, samples = await _fetch_stored(store, reports)
        events = [event async for event in _fetch_events(store)]
        announced = Counter([ce_id async for ce_id in _announced(parts.log, parts.topics)])
        ledger = await LedgerAccount(parts.log, parts.topics, store, read_rule_sums).statement()
        behind = await stages.behind()
    return Found(logged, len(reports) - len(logged), stored, samples, events, announced, ledger, behind)


def identity(report: Telemetry) -> tuple[str, int]:
    return report["device_id"], report["observed_at_ms"]


def outcome(event: Event) -> Outcome:
    return Outcome(
        str(event.event_id), event.rule, event.subject, event.severity.value, event.status.value, event.since_ms,
        event.opened_at_ms, event.cleared_at_ms,
    )  # fmt: skip


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float, what: str, every_s: float = 0.1) -> None:
    """Return when `condition` is true; fail with what was awaited when it never is."""
    deadline = monotonic() + timeout_s
    while not await condition():
        assert monotonic() < deadline, f"not within {timeout_s} s: {what}"
        await asyncio.sleep(every_s)


async def _fetch_stored(store: Store, reports: list[Telemetry]) -> tuple[Reports, int]:
    """What the store holds of every device and quantity in the log, whatever its time, and how many samples that is."""
    series = {(report["device_id"], report["kind"], name) for report in reports for name in report["readings"]}
    stored: dict[tuple[str, int], dict[str, Reading]] = {}
    samples = 0
    for device_id, kind, quantity in sorted(series):
        for sample in await store.fetch_samples(device_id, kind, quantity, 0, 1 << 42):
            stored.setdefault((device_id, sample.observed_at_ms), {})[quantity] = sample.value
            samples += 1
    return stored, samples


async def _fetch_events(store: Store) -> AsyncIterator[Event]:
    query = EventQuery(limit=1000)
    while True:
        page = await store.fetch_events(query)
        for event in page.items:
            yield event
        if page.next is None:
            return
        query = EventQuery(limit=1000, cursor=page.next)


async def _announced(log: Log, topics: Topics) -> AsyncIterator[str]:
    """The ids of the CloudEvents on city.events, each as often as it stands there."""
    async for record in read_to_end(log, [topics.events]):
        yield (header(tuple(record.headers), "ce_id") or b"").decode()
