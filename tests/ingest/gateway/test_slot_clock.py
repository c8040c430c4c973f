"""The clock of a slot on a real Mosquitto: only its own nonces count, whatever else comes on its topic."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import orjson
import pytest
from structlog.testing import capture_logs

from domain.mqtt import SIMULATED_CLOCK_TOPIC, parse_mqtt_url
from domain.topics import Topics, is_tick
from ingest.gateway.clock.ignored import IgnoredClock
from ingest.gateway.slot import Gateway
from simulators.dialects.reports import MqttMessage as Outbound
from simulators.publish.connection import PublishCounts, Publisher
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.rig import NOW_MS, Rig, lamp_message, until
from tests.servers.mosquitto import Mosquitto

CLOCK = "urbansense/clock/0"
HOUR_MS = 3_600_000


@pytest.fixture
async def rig(own_mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Rig]:
    log = SQLiteLog(tmp_path / "log.db")
    topics = Topics(prefix="clock.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    yield Rig(own_mosquitto.start(), log, topics)
    await log.close()


async def ticks_of(rig: Rig) -> list[int]:
    records = await rig.records(rig.topics.telemetry("streetlight"))
    return [orjson.loads(r.value or b"")["tick_at_ms"] for r in records if is_tick(r.headers)]


async def publish(rig: Rig, payload: bytes, topic: str = CLOCK, qos: Literal[0, 1] = 1) -> None:
    async with Publisher(parse_mqtt_url(rig.broker.url), "stranger") as publisher:
        await publisher.publish(Outbound(topic, payload, qos=qos), PublishCounts())
        await publisher.drain()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (orjson.dumps({"sent_at_ms": NOW_MS + 2 * HOUR_MS}), IgnoredClock.UNREADABLE),
        (orjson.dumps({"sent_at_ms": (1 << 63) - 1}), IgnoredClock.UNREADABLE),
        (b"0" * 32, IgnoredClock.UNKNOWN),
        (b"\xff" * 100_000, IgnoredClock.UNREADABLE),
    ],
)
async def test_what_a_stranger_publishes_moves_no_clock_and_is_counted(
    rig: Rig, payload: bytes, reason: IgnoredClock
) -> None:
    async with rig.running() as gateway:
        await until(lambda: gateway.counters.ticks > 0)
        await publish(rig, payload)
        await until(lambda: gateway.clock.ignored[reason] == 1)
        ticks = gateway.counters.ticks
        await until(lambda: gateway.counters.ticks > ticks)
    assert set(await ticks_of(rig)) == {NOW_MS}


async def test_what_is_ignored_is_acknowledged_and_never_comes_again(rig: Rig) -> None:
    async with rig.running() as first:
        await until(lambda: first.counters.ticks > 0)
        for number in range(20):
            await publish(rig, b"%032x" % number)
        await until(lambda: first.clock.ignored[IgnoredClock.UNKNOWN] == 20)
    async with rig.running(rig.new_gateway()) as second:
        await until(lambda: second.counters.ticks > 1)
        assert not second.clock.ignored


async def test_after_a_restart_the_clock_waits_until_the_backlog_is_read(rig: Rig) -> None:
    """The queue holds what the process before sent, a stranger's time and reports: the first tick stands behind it all."""
    await leave_a_clock_message_behind(rig)
    for n in range(50):
        if n == 25:
            await publish(rig, orjson.dumps({"sent_at_ms": NOW_MS + 2 * HOUR_MS}))
        await rig.publish([lamp_message(n)])
    before = await ticks_of(rig)
    second = rig.new_gateway()
    async with rig.running(second):
        await until(lambda: second.counters.ticks > 0)
        assert second.counters.acknowledged == 50
    assert second.clock.ignored == {IgnoredClock.UNKNOWN: 1, IgnoredClock.UNREADABLE: 1}
    records = await rig.records(rig.topics.telemetry("streetlight"))
    for number in range(3):
        kinds = [is_tick(r.headers) for r in records if r.partition == number][len(before) // 3 :]
        assert kinds == sorted(kinds)
    assert set(await ticks_of(rig)) == {NOW_MS}


async def leave_a_clock_message_behind(rig: Rig) -> None:
    """A process sends its clock once more and dies before it reads it."""
    task = asyncio.create_task(rig.gateway.run(asyncio.Event()))
    await until(lambda: rig.gateway.counters.ticks > 0)
    rig.gateway._session.pause()
    rig.gateway.clock.reconnected()
    rig.gateway._publish_clock()
    await publish(rig, b"", "elsewhere")  # the broker has answered somebody since
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    rig.gateway._session._drop_socket()


async def test_a_copy_at_qos_0_that_overtakes_the_queue_does_not_count(rig: Rig) -> None:
    async with rig.running() as gateway:
        await until(lambda: gateway.counters.ticks > 0)
        gateway._session.pause()
        gateway.clock.reconnected()
        gateway._publish_clock()
        nonces = gateway.clock._nonces._sent_at_ms  # type: ignore[union-attr]
        for nonce in list(nonces):
            await publish(rig, nonce, qos=0)
        gateway._session.resume()
        await until(lambda: gateway.clock.ignored.total() > 0)
        assert gateway.clock.ignored.keys() <= {IgnoredClock.UNASSURED, IgnoredClock.COPY}


async def test_a_flood_of_junk_on_its_topic_does_not_stop_the_clock(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The broker's queue for us is short here, and full of junk when our message comes: it is dropped, another follows."""
    log = SQLiteLog(tmp_path / "log.db")
    topics = Topics(prefix="flood.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    rig = Rig(own_mosquitto.start(), log, topics, receive_maximum=10)
    hands_ms = 0
    rig.gateway = rig.new_gateway(receive_maximum=10)
    rig.gateway.clock._monotonic_ms = lambda: hands_ms  # type: ignore[union-attr]
    rig.gateway.clock._wall_ms = lambda: NOW_MS + hands_ms  # type: ignore[union-attr]
    async with rig.running() as gateway:
        await until(lambda: gateway.counters.ticks > 0)
        gateway._session.publish = lambda *_, **__: None  # type: ignore[method-assign]  # lost on the way
        gateway.clock.reconnected()
        gateway._publish_clock()
        del gateway._session.publish
        ticks = gateway.counters.ticks
        async with Publisher(parse_mqtt_url(rig.broker.url), "flood") as publisher:
            for number in range(2000):
                await publisher.publish(Outbound(CLOCK, b"%032x" % number), PublishCounts())
            await publisher.drain()
        await until(lambda: gateway.clock.ignored[IgnoredClock.UNKNOWN] == 2000)
        hands_ms = 10_000
        await until(lambda: gateway.counters.ticks > ticks + 1)
    assert max(await ticks_of(rig)) == NOW_MS + 10_000
    await log.close()


async def test_a_broker_that_forgot_everything_gets_a_fresh_nonce(own_mosquitto: Mosquitto, rig: Rig) -> None:
    async with rig.running() as gateway:
        await until(lambda: gateway.counters.ticks > 0)
        own_mosquitto.kill()
        for stored in own_mosquitto.folder.glob("mosquitto.db*"):
            stored.unlink()
        await until(lambda: not gateway.connected)
        ticks = gateway.counters.ticks
        own_mosquitto.start()
        await until(lambda: gateway.counters.ticks > ticks, 30)


async def test_a_jump_of_the_wall_clock_reaches_no_tick(rig: Rig) -> None:
    jumped_ms = 0
    gateway = Gateway(
        rig.gateway.settings, rig.log, rig.gateway.decoder, now_ms=lambda: NOW_MS + jumped_ms, monotonic_ms=lambda: 0
    )
    with capture_logs() as logged:
        async with rig.running(gateway):
            await until(lambda: gateway.counters.ticks > 0)
            jumped_ms = 2 * HOUR_MS
            ticks = gateway.counters.ticks
            await until(lambda: gateway.counters.ticks > ticks + 1)
    assert set(await ticks_of(rig)) == {NOW_MS}
    assert len([entry for entry in logged if "wall clock jumped" in entry["event"]]) == 1


async def test_a_simulated_clock_takes_no_time_that_no_reading_could_have(rig: Rig) -> None:
    gateway = rig.new_gateway(simulated_clock=True)
    async with rig.running(gateway):
        for at_ms in (NOW_MS, (1 << 63) - 1, NOW_MS - 1, NOW_MS + 1):
            await publish(rig, orjson.dumps({"sent_at_ms": at_ms}), SIMULATED_CLOCK_TOPIC)
        await until(lambda: gateway.counters.last_tick_ms == NOW_MS + 1)
    assert sorted(set(await ticks_of(rig))) == [NOW_MS, NOW_MS + 1]
    assert gateway.clock.ignored == {IgnoredClock.ABSURD: 1, IgnoredClock.BACKWARDS: 1}
