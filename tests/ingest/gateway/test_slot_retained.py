"""What the broker has retained is no new reading; what is published live is one, whatever its retain bit."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.publish import single

from domain.mqtt import MqttEndpoint
from domain.topics import Topics
from ingest.gateway.slot import Gateway
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.rig import NOW_MS, Rig
from tests.patience import PATIENCE_S, until
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from urbansense.broker.amqtt.server import running_amqtt

TOPIC = "city/x/streetlight/L1/up"
CLOCKLESS = b'{"readings":{"active_power":1.5}}'
DATED = orjson.dumps({"ts": NOW_MS - 1000, "readings": {"active_power": 1.5}})


@pytest.fixture
async def alone(own_mosquitto: Mosquitto, log: SQLiteLog) -> Rig:
    """A slot at a broker of its own, where nothing is retained yet."""
    own_mosquitto.start()
    topics = Topics(prefix="retained.", partitions=1, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    return Rig(own_mosquitto, log, topics)


async def rejections(rig: Rig) -> list[dict[str, Any]]:
    return [orjson.loads(record.value or b"") for record in await rig.records(rig.topics.rejected)]


async def serve(rig: Rig, gateway: Gateway) -> None:
    """Until all that the broker had for the session is acknowledged: its clock message comes behind it."""
    async with rig.running(gateway):
        await until(lambda: gateway.counters.ticks > 0)
        await until(lambda: gateway.counters.acknowledged == gateway.counters.received)


async def test_a_retained_message_without_a_time_is_no_reading_at_any_start(alone: Rig) -> None:
    alone.publish_retained(TOPIC, CLOCKLESS)
    for _ in range(3):
        await serve(alone, alone.new_gateway())
    assert await alone.reports() == []
    assert [(one["reason"], one["device_id"], one["count"]) for one in await rejections(alone)] == [
        ("retained", "L1", 1)
    ]


async def test_a_live_message_with_the_retain_bit_is_a_reading_once_and_never_again(alone: Rig) -> None:
    first = alone.new_gateway()
    async with alone.running(first):
        await until(lambda: first.counters.ticks > 0)
        alone.publish_retained(TOPIC, CLOCKLESS)
        await until(lambda: first.counters.acknowledged == 1)
    for _ in range(3):
        await serve(alone, alone.new_gateway())
    assert len(await alone.reports()) == 1
    assert await rejections(alone) == []


async def test_a_live_message_with_the_retain_bit_reaches_a_gateway_that_was_absent(alone: Rig) -> None:
    await serve(alone, alone.new_gateway())
    alone.publish_retained(TOPIC, CLOCKLESS)
    await serve(alone, alone.new_gateway())
    assert len(await alone.reports()) == 1
    assert await rejections(alone) == []


async def test_a_retained_message_with_a_time_is_an_ordinary_report(alone: Rig) -> None:
    alone.publish_retained(TOPIC, DATED)
    await serve(alone, alone.new_gateway())
    assert [orjson.loads(one.value or b"")["observed_at_ms"] for one in await alone.reports()] == [NOW_MS - 1000]


async def test_of_a_retained_batch_only_what_has_no_time_is_dropped(alone: Rig) -> None:
    batch = b"[" + DATED + b"," + CLOCKLESS + b"]"
    alone.publish_retained(TOPIC, batch)
    gateway = alone.new_gateway()
    await serve(alone, gateway)
    assert (len(await alone.reports()), gateway.counters.acknowledged) == (1, 1)
    assert [one["reason"] for one in await rejections(alone)] == ["retained"]


async def test_the_embedded_broker_marks_what_it_had_retained_and_nothing_live(log: SQLiteLog) -> None:
    topics = Topics(prefix="amqtt.", partitions=1, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    port = free_port()
    async with running_amqtt(MqttEndpoint("127.0.0.1", port, embedded=True), stranded=False) as broker:
        rig = Rig(cast(Mosquitto, SimpleNamespace(url=f"embedded://127.0.0.1:{port}")), log, topics)
        await asyncio.to_thread(_retain, port, 0)
        gateway = rig.new_gateway()
        await broker.entrust(gateway.settings.client_id, gateway.settings.filters)
        await serve(rig, gateway)
        assert await rig.reports() == []
        sending = asyncio.create_task(asyncio.to_thread(_retain, port, 1))  # acknowledged once the gateway has it
        async with rig.running(rig.new_gateway()), asyncio.timeout(PATIENCE_S):
            await sending
    assert len(await rig.reports()) == 1
    assert {one["reason"] for one in await rejections(rig)} == {"retained"}


def _retain(port: int, qos: int) -> None:
    single(TOPIC, CLOCKLESS, qos, retain=True, hostname="127.0.0.1", port=port, protocol=MQTTProtocolVersion.MQTTv311)
