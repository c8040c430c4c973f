"""Samples of what nobody reads, on a real Mosquitto; the time is the test's."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import orjson
import pytest
from paho.mqtt.publish import multiple

from domain.ledger import Sampling, UnreadTopics
from domain.mqtt import MqttEndpoint, parse_mqtt_url
from domain.topics import Topics
from ingest.ledger.counting import LogCount
from ingest.unread.record import read_unread
from ingest.unread.sampler import SamplerSettings, UnreadSampler
from ingest.unread.window import BrokerSample
from streams.reading.tables import read_to_end
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.rig import Rig, lamp_message
from tests.patience import until
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from urbansense.broker.amqtt.server import running_amqtt

Messages = list[tuple[str, bytes]]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SQLiteLog]:
    log = SQLiteLog(tmp_path / "log.db")
    await log.ensure_topics(Topics(partitions=3, kinds=("streetlight",)).specs())
    yield log
    await log.close()


class Looks:
    """A sampler whose looks last two seconds by a clock of their own, while the given messages are published."""

    def __init__(self, endpoint: MqttEndpoint, log: SQLiteLog, **settings: int) -> None:
        clock = count(0, 2)
        self.port = endpoint.port
        self.sampler = UnreadSampler(
            endpoint, log, Topics(partitions=3, kinds=("streetlight",)), SamplerSettings(**settings), wait=self._wait,
            monotonic_s=lambda: float(next(clock)), now_ms=lambda: 1_780_000_000_000,
        )  # fmt: skip
        self._messages: Messages = []

    async def look(self, messages: Messages) -> UnreadTopics:
        self._messages = messages
        return await self.sampler.look()

    async def _wait(self, sample: BrokerSample, seconds: float) -> None:
        """Publish, and a last message to know that all before it has come; or until the look is over by itself."""
        last = ("last/one", b"")
        all_of_them = [{"topic": topic, "payload": payload, "qos": 1} for topic, payload in [*self._messages, last]]
        await asyncio.to_thread(multiple, all_of_them, hostname="127.0.0.1", port=self.port)  # type: ignore[arg-type]
        await until(lambda: sample.over.is_set() or sample.patterns["last/one"] > 0)


def rates(unread: UnreadTopics) -> dict[str, float]:
    return {one.pattern: one.per_second for one in unread.patterns if one.pattern != "last/one"}


async def test_what_nobody_reads_is_seen_with_its_rate_and_the_ledger_does_not_change(
    own_mosquitto: Mosquitto, log: SQLiteLog
) -> None:
    topics = Topics(partitions=3, kinds=("streetlight",))
    rig = Rig(own_mosquitto.start(), log, topics)
    looks = Looks(parse_mqtt_url(own_mosquitto.url), log)
    async with rig.running() as gateway:
        messages = [(f"other/thing/{n}/data", b"x") for n in (7, 8, 9)]
        unread = await looks.look([*messages * 2, lamp_message(1), ("urbansense/doctor", b"")])
        await until(lambda: gateway.counters.acknowledged >= 1)
    assert (unread.state, rates(unread)) == (Sampling.SAMPLED, {"other/thing/+/data": 3.0})
    assert await read_unread(log, topics) == unread
    counted = LogCount(log, topics)
    await counted.advance()
    assert (counted.accepted, counted.rejected(partial=False), counted.rejected(partial=True)) == (1, {}, {})
    reports = [orjson.loads(one.value or b"") async for one in read_to_end(log, topics.all_telemetry) if one.key]
    assert len(reports) == 1


async def test_a_rate_is_that_of_all_looks_of_the_hour(own_mosquitto: Mosquitto, log: SQLiteLog) -> None:
    looks = Looks(parse_mqtt_url(own_mosquitto.start().url), log)
    await looks.look([("other/thing/7/data", b"")] * 8)
    for _ in range(3):
        unread = await looks.look([])
    assert (rates(unread), unread.sampled_s) == ({"other/thing/+/data": 1.0}, 8.0)


async def test_a_kept_message_is_no_new_one(own_mosquitto: Mosquitto, log: SQLiteLog) -> None:
    for protocol in ("mqtt", "3.1.1"):
        endpoint = (
            parse_mqtt_url(own_mosquitto.start().url) if protocol == "mqtt" else endpoint_of_3(own_mosquitto.port)
        )
        await asyncio.to_thread(
            multiple,
            [{"topic": "other/kept", "payload": b"x", "qos": 1, "retain": True}],
            "127.0.0.1",
            own_mosquitto.port,
        )
        assert rates(await Looks(endpoint, log).look([])) == {}


def endpoint_of_3(port: int) -> MqttEndpoint:
    return MqttEndpoint("127.0.0.1", port, mqtt5=False)


async def test_above_a_rate_it_looks_away(own_mosquitto: Mosquitto, log: SQLiteLog) -> None:
    looks = Looks(parse_mqtt_url(own_mosquitto.start().url), log, most_per_s=5)
    unread = await looks.look([lamp_message(n) for n in range(30)])
    assert (unread.state, unread.broker_per_second, unread.patterns) == (Sampling.ABOVE_RATE, 5.0, ())


async def test_a_broker_that_is_away_or_refuses_is_no_error(tmp_path: Path, log: SQLiteLog) -> None:
    looks = Looks(MqttEndpoint("127.0.0.1", free_port()), log)
    assert (await looks.look([])).state is Sampling.NO_BROKER


async def test_the_embedded_amqtt_is_looked_at_too(log: SQLiteLog) -> None:
    async with running_amqtt(MqttEndpoint("127.0.0.1", free_port(), embedded=True), stranded=False) as broker:
        await broker.entrust("gateway", ["city/+/+/+/up"])
        unread = await Looks(broker.endpoint, log).look([("other/thing/7/data", b"")] * 4)
    assert rates(unread) == {"other/thing/+/data": 2.0}


async def test_it_looks_again_and_again_until_it_is_stopped(own_mosquitto: Mosquitto, log: SQLiteLog) -> None:
    looks = Looks(parse_mqtt_url(own_mosquitto.start().url), log, most_per_s=1)
    stop, rests = asyncio.Event(), []

    async def rest(stop: asyncio.Event, seconds: float) -> None:
        rests.append(seconds)
        looks._messages = [("other/a", b"")] * 9 if len(rests) == 1 else []
        if len(rests) == 2:
            stop.set()

    looks.sampler.rest = rest
    await looks.sampler.run(stop)
    assert rests == [60.0, 600.0]
