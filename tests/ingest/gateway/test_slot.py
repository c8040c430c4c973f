"""The gateway between a real Mosquitto and the embedded log."""

import asyncio
from time import time_ns

import orjson
import pytest

from domain.errors import Fenced
from domain.topics import Topics, is_tick
from ingest.gateway.claim import ClaimFault, Claims
from ingest.gateway.installation_key import InstallationKey
from streams.reading.ticks import last_tick_ms
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.rig import NOW_MS, Rig, lamp_message, until
from tests.ingest.installation import KEY
from tests.servers.mosquitto import Mosquitto


async def test_every_message_is_in_the_log_once_and_acknowledged(rig: Rig) -> None:
    async with rig.running() as gateway:
        tally = await rig.publish([lamp_message(n) for n in range(500)])
        await until(lambda: gateway.counters.acknowledged == 500)
    reports = await rig.reports()
    assert tally.acknowledged == len(reports) == 500
    by_lamp = [orjson.loads(r.value or b"")["message_id"] for r in reports if r.key == b"L3"]
    assert by_lamp == sorted(by_lamp, key=int)


async def test_nothing_is_acknowledged_before_the_log_has_it(rig: Rig) -> None:
    async with rig.running() as gateway:
        rig.log.gate.clear()
        await rig.publish([lamp_message(n) for n in range(50)])
        await until(lambda: gateway.counters.received == 50)
        assert gateway.counters.acknowledged == 0
        assert await rig.reports() == []
        rig.log.gate.set()
        await until(lambda: gateway.counters.acknowledged == 50)
    assert len(await rig.reports()) == 50


async def test_what_was_not_acknowledged_comes_again_to_the_next_process(rig: Rig) -> None:
    stop = asyncio.Event()
    first = asyncio.create_task(rig.gateway.run(stop))
    await until(lambda: rig.gateway.connected)
    rig.log.gate.clear()
    await rig.publish([lamp_message(n) for n in range(50)])
    await until(lambda: rig.gateway.counters.received == 50)
    first.cancel()  # the process dies: nothing said good-bye, nothing was acknowledged
    await asyncio.wait({first})
    rig.gateway._session._drop_socket()
    rig.log.gate.set()
    async with rig.running(rig.new_gateway()) as second:
        await until(lambda: second.counters.acknowledged == 50)
    ids = {orjson.loads(r.value or b"")["message_id"] for r in await rig.reports()}
    assert ids == {str(n) for n in range(50)}


async def test_receive_maximum_bounds_what_is_in_flight(mosquitto: Mosquitto, log: SQLiteLog) -> None:
    topics = Topics(prefix="bounded.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    rig = Rig(mosquitto, log, topics, receive_maximum=10)
    async with rig.running() as gateway:
        await until(lambda: gateway.counters.ticks > 0)
        rig.log.gate.clear()
        await rig.publish([lamp_message(n) for n in range(200)])
        await until(lambda: gateway.counters.received >= 9)
        assert gateway.counters.received <= 10
        rig.log.gate.set()
        await until(lambda: gateway.counters.acknowledged == 200)
    assert len(await rig.reports()) == 200


async def test_a_tick_stands_behind_everything_received_before_it(rig: Rig) -> None:
    async with rig.running() as gateway:
        await until(lambda: gateway.counters.ticks > 0)
        rig.log.gate.clear()
        ticks = gateway.counters.ticks
        await rig.publish([lamp_message(n) for n in range(20)])
        await until(lambda: gateway.counters.received == 20)
        assert gateway.counters.ticks == ticks
        rig.log.gate.set()
        await until(lambda: gateway.counters.ticks > ticks, 15)
    records = await rig.records(rig.topics.telemetry("streetlight"))
    partitions = {record.partition for record in records if is_tick(record.headers)}
    assert partitions == {0, 1, 2}
    assert all(
        is_tick(max((r for r in records if r.partition == p), key=lambda r: r.offset).headers) for p in partitions
    )
    assert await last_tick_ms(rig.log, rig.topics) == NOW_MS


async def test_a_second_process_takes_the_slot_over(rig: Rig) -> None:
    stop = asyncio.Event()
    first = asyncio.create_task(rig.gateway.run(stop))
    await until(lambda: rig.gateway.connected)
    async with rig.running(rig.new_gateway()):
        with pytest.raises(BaseExceptionGroup) as caught:
            await asyncio.wait_for(first, 10)
        assert caught.group_contains(Fenced)


async def test_a_strangers_claims_are_counted_and_change_nothing(rig: Rig) -> None:
    """The first is the attack of 1 December: one retained claim of twenty digits ended the process, at every start."""
    claims = Claims(KEY, rig.gateway.settings.name, rig.gateway.settings.client_id)
    strangers = Claims(InstallationKey("a key of the stranger's own, long enough"), claims.slot_name, claims.client_id)
    of_another_slot = Claims(KEY, f"{rig.topics.prefix}urbansense-1", claims.client_id)
    hour_ahead = time_ns() + 3600 * 10**9
    payloads = [b"9" * 20, b"9" * 5_000, "\u0663\u0663".encode(), strangers.write(hour_ahead)]
    payloads += [of_another_slot.write(time_ns()), claims.write(hour_ahead), claims.write(1)]
    rig.publish_retained(rig.gateway.settings.claim_topic, b"9" * 20)
    async with rig.running() as gateway:
        for payload in payloads:
            rig.publish_retained(gateway.settings.claim_topic, payload)
        await until(lambda: gateway.counters.claims_ignored.total() >= len(payloads) - 1)
        await rig.publish([lamp_message(1)])
        await until(lambda: gateway.counters.acknowledged == 1)
        assert gateway.connected
    assert gateway.counters.claims_ignored == {
        ClaimFault.UNREADABLE: 4,
        ClaimFault.FOREIGN_KEY: 1,
        ClaimFault.WRONG_SIGNATURE: 1,
        ClaimFault.AHEAD: 1,
    }


async def test_an_older_process_gives_way_though_a_stranger_cleared_the_claim(rig: Rig) -> None:
    """The older one reads the newcomer's claim at its reconnect only, so it must stand there again."""
    stop = asyncio.Event()
    first = asyncio.create_task(rig.gateway.run(stop))
    await until(lambda: rig.gateway.connected)
    async with rig.running(rig.new_gateway()):
        rig.publish_retained(rig.gateway.settings.claim_topic, b"")
        with pytest.raises(BaseExceptionGroup) as caught:
            await asyncio.wait_for(first, 20)
        assert caught.group_contains(Fenced)


async def test_a_broker_that_goes_away_is_waited_for(own_mosquitto: Mosquitto, log: SQLiteLog) -> None:
    topics = Topics(prefix="away.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    rig = Rig(own_mosquitto, log, topics)
    stop = asyncio.Event()
    task = asyncio.create_task(rig.gateway.run(stop))  # no broker yet
    own_mosquitto.start()
    await until(lambda: rig.gateway.connected, 20)
    await rig.publish([lamp_message(n) for n in range(20)])
    await until(lambda: rig.gateway.counters.acknowledged == 20)
    own_mosquitto.stop()
    await until(lambda: not rig.gateway.connected)
    own_mosquitto.start()
    await until(lambda: rig.gateway.connected, 20)
    await rig.publish([lamp_message(n) for n in range(20, 40)])
    await until(lambda: rig.gateway.counters.acknowledged >= 40)
    stop.set()
    await task
    assert {orjson.loads(r.value or b"")["message_id"] for r in await rig.reports()} == {str(n) for n in range(40)}


async def test_a_restarted_broker_keeps_messages_for_a_gateway_that_is_not_back_yet(
    own_mosquitto: Mosquitto, log: SQLiteLog
) -> None:
    topics = Topics(prefix="restarted.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    rig = Rig(own_mosquitto.start(), log, topics)
    async with rig.running():
        await until(lambda: rig.gateway.counters.ticks > 0)
    own_mosquitto.stop()
    own_mosquitto.start()
    tally = await rig.publish([lamp_message(n) for n in range(20)])
    assert (tally.acknowledged, tally.unheard) == (20, 0)
    async with rig.running(rig.new_gateway()) as second:
        await until(lambda: second.counters.acknowledged == 20)
    assert len(await rig.reports()) == 20


async def test_slots_share_the_load_and_one_that_was_alone_gives_up_its_whole(rig: Rig) -> None:
    async with rig.running():
        await until(lambda: rig.gateway.counters.ticks > 0)
    async with rig.running(rig.new_gateway(slots=2)) as first, rig.running(rig.new_gateway(1, slots=2)) as second:
        await until(lambda: first.counters.ticks > 0 and second.counters.ticks > 0)
        await rig.publish([lamp_message(n) for n in range(200)])
        await until(lambda: first.counters.acknowledged + second.counters.acknowledged == 200)
        assert first.counters.acknowledged > 0
        assert second.counters.acknowledged > 0
    assert len(await rig.reports()) == 200


async def test_a_retired_slot_takes_what_is_queued_and_leaves_no_session(
    own_mosquitto: Mosquitto, log: SQLiteLog
) -> None:
    topics = Topics(prefix="retired.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    rig = Rig(own_mosquitto.start(), log, topics)
    retiring = rig.new_gateway(end_session=True)
    async with rig.running(retiring):
        await rig.publish([lamp_message(n) for n in range(100)])
    assert len(await rig.reports()) == 100
    tally = await rig.publish([lamp_message(1)])
    assert tally.unheard == 1


BAD = {
    "malformed JSON": (b'{"ts":', "unparseable"),
    "empty": (b"", "unparseable"),
    "invalid UTF-8": (b'{"readings":{"voltage":\xff\xfe}}', "unparseable"),
    "deep nesting": (b"[" * 100_000, "unparseable"),
    "wrong types": (b'{"readings":{"voltage":"high"}}', "bad_value"),
    "NaN": (b'{"readings":{"voltage":NaN}}', "bad_value"),
    "infinite": (b'{"readings":{"voltage":1e999}}', "bad_value"),
    "unknown quantity": (b'{"readings":{"zork":1}}', "unknown_quantity"),
    "1970": (b'{"ts":1000,"readings":{"voltage":230}}', "bad_time"),
    "next year": (b'{"ts":%d,"readings":{"voltage":230}}' % (NOW_MS + 400 * 86_400_000), "bad_time"),
    "1 MiB": (b'{"readings":{"voltage":230}}' + b" " * (1 << 20), "too_large"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_is_rejected_with_its_reason_and_acknowledged(rig: Rig, name: str) -> None:
    payload, reason = BAD[name]
    async with rig.running() as gateway:
        await rig.publish([("city/a/streetlight/L1/up", payload), lamp_message(1)])
        await until(lambda: gateway.counters.acknowledged == 2)
    (rejection,) = [orjson.loads(r.value or b"") for r in await rig.records(rig.topics.rejected)]
    assert rejection["reason"] == reason
    assert len(await rig.reports()) == 1


async def test_an_unknown_device_is_rejected(rig: Rig) -> None:
    async with rig.running() as gateway:
        await rig.publish([("city/a/streetlight/X9/up", lamp_message(1)[1])])
        await until(lambda: gateway.counters.acknowledged == 1)
    (rejection,) = [orjson.loads(r.value or b"") for r in await rig.records(rig.topics.rejected)]
    assert rejection["reason"] == "unknown_device"
