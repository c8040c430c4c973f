"""A city that has lived for some hours on real stages and a real store, for those who look back at it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.devices import Device
from domain.events import Event
from domain.topics import Topics
from ingest.recorder.place import recorder_group
from ingest.recorder.recording import Recorder
from rules.definitions.silences import Matches, Silence, publish_silence
from rules.service.history import RuleHistoryService
from rules.worker.correlator import Correlator
from streams.opening.by_url import open_log
from tests.rules.engines import T0_MS, at, lamp
from tests.rules.stages import Registry, Stages, eventually
from tests.servers.influxdb import Influx
from timeseries import EventQuery, Store, open_store

MINUTES = 180
LAMPS = 8
RULES = """
rule: lamp-out
title: {en: Lamp out, zh: 路灯不亮}
kind: streetlight
when: reading.dimming_level > 0 && power < 0.2 * device.nominal_power
signals: {power: {of: active_power, over: 2m, take: mean}}
for: 3m
clear_for: 1m
gap: 5m
severity: major
escalate: [{after: 10m, severity: critical}]
suppressed_by: [cabinet-dead]
---
rule: again
kind: streetlight
when: reading.voltage < 200
repeat: {times: 3, within: 10m}
clear_for: 2m
flapping: {more_than: 2, within: 1h}
---
{rule: silent, kind: streetlight, no_data: 8m}
---
{rule: cabinet-dead, kind: cabinet, when: '!reading.mains_present', for: 1m, gap: 10m}
---
rule: feeder-fault
group: {of: lamp-out, by: parent, at_least: 3, within: 10m, absorbs: true}
"""


@dataclass
class City:
    """A run that is over, and the means to look back at it."""

    stages: Stages
    store: Store
    history: RuleHistoryService

    async def published(self) -> dict[str, Event]:
        page = await self.store.fetch_events(EventQuery(limit=1000))
        assert page.next is None
        return {str(event.event_id): event for event in page.items}

    async def settled(self) -> None:
        """Wait until everything appended has come to its end in the store."""
        topics, log = self.stages.topics, self.stages.log
        groups = {
            f"{topics.prefix}rules": topics.all_telemetry,
            f"{topics.prefix}correlator": (topics.rules_raised,),
            f"{recorder_group(topics)}-events": (topics.events,),
        }

        if await self.store.load_progress() is None:
            groups[recorder_group(topics)] = topics.all_telemetry

        async def caught_up() -> bool | None:
            for group, names in groups.items():
                bounds = await log.bounds(list(names))
                places = await log.committed(group, sorted(bounds))
                if any(
                    end > first and (tp not in places or places[tp].offset < end) for tp, (first, end) in bounds.items()
                ):
                    return None
            progress = await self.store.load_progress()
            bounds = await log.bounds(list(topics.all_telemetry))
            stored = progress is None or all(
                end == first or progress.get((tp.topic, tp.partition), _NOWHERE).next_offset >= end
                for tp, (first, end) in bounds.items()
            )
            return True if stored else None

        await eventually(caught_up, "the run has settled")


class _Nowhere:
    next_offset = -1


_NOWHERE: Any = _Nowhere()


def devices() -> list[Device]:
    cabinets = [Device(f"C{n}", "cabinet", "cabinet", report_interval_s=60, activated_at_ms=T0_MS) for n in (1, 2)]
    lamps = [lamp(f"L{n}", parent_id=f"C{1 + n % 2}", attributes={"nominal_power": 100.0}) for n in range(1, LAMPS + 1)]
    return cabinets + lamps


def reports(seed: int = 3) -> list[tuple[int, dict[str, Any]]]:
    """(minute of receipt, report) of some lively hours: failures, dead cabinets, silence, late and repeated reports."""
    draw = Random(seed)
    found: list[tuple[int, dict[str, Any]]] = []
    for device in devices():
        dead, silent = (sorted(draw.sample(range(10, MINUTES - 40), 2)) for _ in range(2))
        for minute in range(MINUTES):
            if any(0 <= minute - begin < 12 for begin in silent):
                continue
            is_dead = any(0 <= minute - begin < 25 for begin in dead)
            late = draw.choice([0] * 12 + [1, 3, 4, 20])
            published = reported_at(device, minute, minute + late, _readings(device, draw, is_dead=is_dead))
            found += [(minute + late, published)] * (2 if draw.random() < 0.05 else 1)
    return sorted(found, key=lambda entry: (entry[0], entry[1]["observed_at_ms"]))


def _readings(device: Device, draw: Random, *, is_dead: bool) -> dict[str, Any]:
    if device.kind == "cabinet":
        return {"mains_present": not is_dead}
    power = 2.0 if is_dead else 96.0 + draw.random()
    return {"dimming_level": 80.0, "active_power": power, "voltage": draw.choice([190.0, 230.0, 230.0, 230.0])}


def reported_at(device: Device, observed: float, received: float, readings: dict[str, Any]) -> dict[str, Any]:
    return {
        "device_id": device.device_id, "kind": device.kind, "observed_at_ms": at(observed),
        "received_at_ms": at(received) + 300, "codec": "json", "message_id": f"{device.device_id}-{observed}",
        "readings": readings,
    }  # fmt: skip


async def feed(stages: Stages, published: list[tuple[int, dict[str, Any]]]) -> None:
    """Minute by minute: the tick, then what is received in that minute; the clock ends with the run."""
    by_minute: dict[int, list[dict[str, Any]]] = {}
    for minute, report in published:
        if minute < MINUTES:
            by_minute.setdefault(minute, []).append(report)
    for minute in range(MINUTES):
        await stages.tick(minute)
        await stages.report(*by_minute.get(minute, ()))
    await stages.tick(MINUTES)


ON_EACH_STORE = pytest.mark.parametrize(
    "store", ["embedded", pytest.param("influxdb", marks=pytest.mark.influxdb)], indirect=True
)


@pytest.fixture
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """DuckDB, or what ON_EACH_STORE asks for."""
    if getattr(request, "param", "embedded") == "embedded":
        opened = await open_store("embedded:", tmp_path)
    else:
        influx: Influx = request.getfixturevalue("influx")
        place = f"{influx.url.partition('://')[2]}/{influx.org}/{request.getfixturevalue('influx_bucket')}"
        opened = await open_store(f"influxdb://{place}", tmp_path, influx.token)
    yield opened
    await opened.close()


@pytest.fixture
async def city(store: Store, tmp_path: Path) -> AsyncIterator[City]:
    topics = Topics(prefix="h.", partitions=2, kinds=("streetlight", "cabinet"))
    log = await open_log("embedded:", tmp_path)
    await log.ensure_topics(topics.specs())
    stages = Stages(log, topics)
    registry = Registry(devices())
    await stages.apply(RULES)
    silence = Silence(
        id="works", author="ops", reason="cable works", starts_at_ms=at(30), ends_at_ms=at(90),
        matches=Matches(parent="C1"),
    )  # fmt: skip
    await publish_silence(log, topics, silence)
    stages.start(Recorder(log, store, topics))
    stages.worker(registry)
    stages.start(Correlator(log, topics, registry.device))
    yield City(stages, store, RuleHistoryService(log, topics, store, registry, "Asia/Shanghai"))
    await stages.stop()
    await log.close()
