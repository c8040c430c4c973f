"""Two floods beside honest devices, on Mosquitto and Kafka, with the gateway killed in the middle of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from typing import Any

import orjson
import pytest

from device_registry.records.encoding import (
    DEVICE_HEADERS,
    PROFILE_HEADERS,
    device_key,
    encode_device,
    encode_profile,
    profile_key,
)
from domain.devices import Device, Profile
from domain.mqtt import parse_mqtt_url
from domain.rejections import Rejection
from domain.topics import is_tick
from ingest.ledger.counting import LogCount
from ingest.pipeline.rejection_records import decode_rejection
from simulators.dialects.reports import MqttMessage
from simulators.publish.connection import PublishCounts, Publisher
from streams.kafka.log import KafkaLog
from streams.ports import Outgoing
from streams.reading.tables import read_to_end
from tests.e2e.processes.platform import Platform, platform
from tests.servers.mosquitto import Mosquitto
from tests.servers.processes import Process, wait_until

pytestmark = [pytest.mark.long, pytest.mark.kafka, pytest.mark.mosquitto, pytest.mark.timeout(180)]

HONEST, MAD, STRANGER = 3_000, 6_000, 1_200
LARGE = "x" * 50_000


@asynccontextmanager
async def kafka_log(running: Platform) -> AsyncIterator[KafkaLog]:
    log = KafkaLog([running.settings.log_url.removeprefix("kafka://")])
    try:
        yield log
    finally:
        await log.close()


async def test_floods_with_a_kill_in_the_middle_lose_no_report_and_fill_no_log(
    own_mosquitto: Mosquitto, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    own_mosquitto.start()
    settings = {"mqtt_url": own_mosquitto.url, "log_url": f"kafka://{kafka_bootstrap}", "topic_prefix": topic_prefix}
    with platform(tmp_path, **settings) as running:
        async with kafka_log(running) as log:
            await _register(log, running)
            gateway = running.service("gateway").start()
            await asyncio.to_thread(
                wait_until, lambda: "connected to the MQTT broker" in gateway.tail(50), 60, "a connection", gateway
            )
            async with asyncio.TaskGroup() as tasks:
                sending = [tasks.create_task(_send(own_mosquitto, name)) for name in ("honest", "mad", "stranger")]
                await _until(log, running, lambda found: len(found.honest) > 300)
                gateway.kill()
                lives = _connections(gateway)
                gateway.start()
                await asyncio.to_thread(wait_until, lambda: _connections(gateway) > lives, 60, "a connection", gateway)
            assert [task.result() for task in sending] == [HONEST, MAD, STRANGER]
            found = await _until(log, running, lambda now: now.is_whole)
            assert gateway.stop() == 0, gateway.tail()
            found = await _found(log, running)
            count = LogCount(log, running.settings.topics)
            await count.advance()
    assert found.honest == set(range(HONEST))
    assert found.mad_accepted <= 2_000, "a thousand for each life of the gateway"
    assert found.refused["over_quota"] + found.mad_accepted >= MAD
    assert found.refused["unknown_device"] >= STRANGER
    assert count.rejected(partial=False) == dict(found.refused)
    assert found.rejected_bytes < 6 * 1024**2 < STRANGER * len(LARGE) / 9


def _connections(gateway: Process) -> int:
    return gateway.tail(1_000).count("connected to the MQTT broker")


class Found:
    """What the log holds."""

    def __init__(self) -> None:
        self.honest: set[int] = set()
        self.mad_accepted = 0
        self.refused: Counter[str] = Counter()
        self.rejected_bytes = 0

    @property
    def is_whole(self) -> bool:
        strangers, mad = self.refused["unknown_device"], self.refused["over_quota"] + self.mad_accepted
        return len(self.honest) == HONEST and strangers >= STRANGER and mad >= MAD

    def take(self, rejection: Rejection) -> None:
        self.refused[rejection["reason"].value] += rejection.get("count", 1)


async def _found(log: KafkaLog, running: Platform) -> Found:
    found, topics = Found(), running.settings.topics
    async for record in read_to_end(log, [topics.telemetry("streetlight"), topics.rejected]):
        if record.topic == topics.rejected:
            found.take(decode_rejection(record.value or b""))
            found.rejected_bytes += len(record.value or b"")
        elif not is_tick(record.headers):
            report = orjson.loads(record.value or b"")
            if report["device_id"] == "MAD":
                found.mad_accepted += 1
            else:
                found.honest.add(int(report["message_id"]))
    return found


async def _until(log: KafkaLog, running: Platform, holds: Any) -> Found:
    deadline = time() + 60
    while not holds(found := await _found(log, running)):
        assert time() < deadline, (len(found.honest), found.mad_accepted, found.refused, running.words())
        await asyncio.sleep(0.2)
    return found


async def _register(log: KafkaLog, running: Platform) -> None:
    topics = running.settings.topics
    await log.ensure_topics(topics.specs())
    lamps = [Device(f"L{n}", "streetlight", "streetlight", report_interval_s=60) for n in range(20)]
    mad = Device("MAD", "streetlight", "streetlight", report_interval_s=86_400)
    profile = encode_profile(Profile("streetlight", "streetlight"))
    devices = [(device_key(one.device_id), encode_device(one), DEVICE_HEADERS) for one in (*lamps, mad)]
    records = [(profile_key("streetlight"), profile, PROFILE_HEADERS), *devices]
    await log.append([Outgoing(topics.registry, *record) for record in records])


async def _send(broker: Mosquitto, who: str) -> int:
    """How many the broker acknowledged of all."""
    messages, tally = {"honest": HONEST, "mad": MAD, "stranger": STRANGER}[who], PublishCounts()
    async with Publisher(parse_mqtt_url(broker.url), f"flood-{who}", window=200) as publisher:
        for n in range(messages):
            device_id = {"honest": f"L{n % 20}", "mad": "MAD", "stranger": "NOBODY"}[who]
            document: dict[str, Any] = {"ts": int(time() * 1000), "seq": n, "readings": {"active_power": 1.5}}
            if who == "stranger":
                document["x"] = LARGE
            await publisher.publish(MqttMessage(f"city/a/streetlight/{device_id}/up", orjson.dumps(document)), tally)
        await publisher.drain()
    return tally.acknowledged
