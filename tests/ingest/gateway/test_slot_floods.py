"""A flood beside honest devices, between a real Mosquitto and the embedded log."""

import asyncio
from typing import Any

import orjson
import pytest

from domain.mqtt import parse_mqtt_url
from domain.rejections import Rejection
from domain.topics import Topics
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.ledger.counting import LogCount
from ingest.pipeline.message_to_records import Pipeline
from ingest.pipeline.rejection_records import decode_rejection
from ingest.quotas.bounds import Quotas
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.rig import NOW_MS, Lamps, Rig, lamp_message, until
from tests.ingest.installation import KEY
from tests.servers.mosquitto import Mosquitto


class FloodRig(Rig):
    """A slot with quotas."""

    def new_gateway(self, slot: int = 0, **settings: Any) -> Gateway:
        wanted = GatewaySettings(slot, parse_mqtt_url(self.broker.url), self.topics, KEY, **settings)
        pipeline = Pipeline(self.topics, Lamps(), quotas=Quotas())
        return Gateway(wanted, self.log, pipeline, now_ms=lambda: NOW_MS)

    async def rejections(self) -> list[Rejection]:
        return [decode_rejection(record.value or b"") for record in await self.records(self.topics.rejected)]


@pytest.fixture
async def rig(mosquitto: Mosquitto, log: SQLiteLog, request: pytest.FixtureRequest) -> FloodRig:
    topics = Topics(prefix=f"{request.node.name}.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    return FloodRig(mosquitto, log, topics)


def stranger(number: int, size: int = 0) -> tuple[str, bytes]:
    payload = {"ts": NOW_MS, "seq": number, "readings": {"active_power": 1}, "x": "x" * size}
    return "city/a/streetlight/STRANGER/up", orjson.dumps(payload)


async def test_large_payloads_of_a_stranger_fill_no_log_and_honest_reports_all_arrive(rig: FloodRig) -> None:
    flood = [stranger(n, 60_000) for n in range(600)]
    honest = [lamp_message(n) for n in range(300)]
    messages = [one for n in range(300) for one in (flood[2 * n], flood[2 * n + 1], honest[n])]
    async with rig.running() as gateway:
        await rig.publish(messages)
        await until(lambda: gateway.counters.received == 900, timeout_s=30)
        await until(lambda: gateway.counters.acknowledged >= 900 - gateway.settings.most_held, timeout_s=30)
    assert gateway.counters.acknowledged == 900, "what was held is written and acknowledged before the end"
    assert len(await rig.reports()) == 300
    rejections = await rig.rejections()
    assert sum(one.get("count", 1) for one in rejections) == 600
    kept = sum(len(orjson.dumps(one)) for one in rejections)
    assert kept < 1.1 * 1024**2 < sum(len(payload) for _, payload in flood) / 30
    count = LogCount(rig.log, rig.topics)
    await count.advance()
    assert (count.accepted, count.rejected(partial=False)) == (300, {"unknown_device": 600})


async def test_a_device_beyond_its_share_is_refused_and_the_others_are_not(rig: FloodRig) -> None:
    """A lamp of an interval of ten minutes may send 4,320 at once: all reports of thirty days."""
    mad = [
        ("city/a/streetlight/LMAD/up", orjson.dumps({"seq": n, "readings": {"active_power": 1}})) for n in range(5000)
    ]
    async with rig.running() as gateway:
        await asyncio.gather(rig.publish(mad), rig.publish([lamp_message(n) for n in range(700)]))
        await until(lambda: gateway.counters.received == 5_700, timeout_s=30)
    reports = [orjson.loads(record.value or b"")["device_id"] for record in await rig.reports()]
    assert (reports.count("LMAD"), len(reports)) == (4_320, 5_020)
    rejections = await rig.rejections()
    assert {one["reason"] for one in rejections} == {"over_quota"}
    assert sum(one.get("count", 1) for one in rejections) == 680


async def test_what_is_held_is_not_acknowledged_before_the_log_has_its_count(rig: FloodRig) -> None:
    async with rig.running() as gateway:
        await rig.publish([stranger(1)])
        await until(lambda: gateway.counters.acknowledged == 1)
        rig.log.gate.clear()
        await rig.publish([stranger(1)] * 20)
        await until(lambda: gateway.counters.received == 21)
        assert (gateway.decoder.held, gateway.counters.acknowledged) == (20, 1)
        gateway._hand_over(*gateway._act_on(gateway.decoder.release()))
        await asyncio.sleep(0)
        assert gateway.counters.acknowledged == 1
        rig.log.gate.set()
        await until(lambda: gateway.counters.acknowledged == 21)
    assert [one.get("count", 1) for one in await rig.rejections()] == [1, 20]


async def test_what_was_held_by_a_process_that_is_gone_comes_again(rig: FloodRig) -> None:
    """A gateway that ends without a word, as by kill -9, has acknowledged nothing that it only remembered."""
    gateway = rig.new_gateway()
    dying = asyncio.create_task(gateway.run(asyncio.Event()))
    await until(lambda: gateway.connected)
    await rig.publish([stranger(1)] * 30)
    await until(lambda: (gateway.counters.received, gateway.counters.acknowledged) == (30, 1))
    assert gateway.decoder.held == 29
    dying.cancel()
    await asyncio.wait([dying])
    gateway._session._drop_socket()
    assert sum(one.get("count", 1) for one in await rig.rejections()) == 1
    async with rig.running(rig.new_gateway()) as again:
        await until(lambda: again.counters.received == 29)
    assert sum(one.get("count", 1) for one in await rig.rejections()) == 30


async def test_a_flood_never_fills_what_may_be_in_flight(rig: FloodRig) -> None:
    """With sixteen in flight two are held at most, and an honest report passes at once."""
    async with rig.running(rig.new_gateway(receive_maximum=16)) as gateway:
        await rig.publish([stranger(1)] * 200)
        await rig.publish([lamp_message(1)])
        await until(lambda: gateway.counters.received == 201)
        assert gateway.decoder.held < 2
        await until(lambda: gateway.counters.acknowledged >= 200)
    assert len(await rig.reports()) == 1
