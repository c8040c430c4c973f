"""From a change in the registry to the gateway's verdict: at most two seconds, on the embedded log and on Kafka."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import orjson

from device_registry.lookup.following import FollowingLookup
from device_registry.publication.publisher import RegistryPublisher, publish_pending
from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.message_to_records import Pipeline
from streams.ports import Log
from tests.device_registry.conditions import until
from tests.device_registry.samples import CABINET, LAMP, NOW_MS

BOUND_S = 2.0


async def test_a_change_decides_what_the_gateway_accepts_within_two_seconds(
    any_log: tuple[Log, Topics], tmp_path: Path
) -> None:
    """The services as they run in production, polling and all; the registry is written by another connection."""
    log, topics = any_log
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    lookup = FollowingLookup(topics)
    await lookup.load(log)
    pipeline = Pipeline(topics, lookup)
    stop = asyncio.Event()
    services = [asyncio.create_task(one.run(stop)) for one in (lookup, RegistryPublisher(registry, log, topics))]

    def accepted() -> bool:
        payload = orjson.dumps({"ts": NOW_MS, "readings": {"voltage": 229.0}})
        (record,) = pipeline.records(MqttMessage("city/a/streetlight/SL-1/up", payload, NOW_MS))
        return record.topic == topics.telemetry("streetlight")

    assert not accepted()
    for state, verdict in ((DeviceState.ACTIVE, True), (DeviceState.SUSPENDED, False), (DeviceState.ACTIVE, True)):
        begun = time.monotonic()
        await asyncio.to_thread(registry.upsert_devices, [replace(LAMP, state=state)], now_ms=NOW_MS)
        await until(lambda verdict=verdict: accepted() is verdict, BOUND_S)  # type: ignore[misc]
        assert time.monotonic() - begun < BOUND_S
    stop.set()
    await asyncio.wait_for(asyncio.gather(*services), 10)
    registry.close()
