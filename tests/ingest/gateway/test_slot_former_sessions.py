"""A slot whose client id has changed, between a real Mosquitto and the embedded log: the old queue is not lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from paho.mqtt.client import Client, ConnectFlags, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from structlog.testing import capture_logs

from domain.topics import Topics
from ingest.gateway.slot import Gateway
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.rig import Rig, lamp_message, until
from tests.servers.mosquitto import Mosquitto


class FormerProcess:
    """A gateway of an earlier release, as far as the broker knows it: it acknowledges nothing, comes back a second after it
    was cut off, and its session stays when it leaves.
    """

    def __init__(self, rig: Rig, client_id: str) -> None:
        self._rig = rig
        self.session_present: bool | None = None
        self._client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5, manual_ack=True)
        self._client.on_connect = self._on_connect
        self._subscribed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._client.on_subscribe = self._on_subscribe

    def _on_connect(self, client: Client, data: object, flags: ConnectFlags, *_: object) -> None:
        self.session_present = flags.session_present
        client.subscribe([(one, 1) for one in self._rig.gateway.settings.filters])

    def _on_subscribe(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._subscribed.set)

    async def connect(self) -> None:
        for_ever = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        for_ever.SessionExpiryInterval = 0xFFFFFFFF
        for_ever.ReceiveMaximum = 10
        self._client.connect("127.0.0.1", self._rig.broker.port, clean_start=False, properties=for_ever)
        self._client.loop_start()
        await asyncio.wait_for(self._subscribed.wait(), 10)

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@asynccontextmanager
async def former_process(rig: Rig, client_id: str) -> AsyncIterator[FormerProcess]:
    process = FormerProcess(rig, client_id)
    await process.connect()
    yield process
    process.leave()


def upgraded(rig: Rig, *former: str, emptied: list[bool] | None = None) -> Gateway:
    ids = former or (rig.gateway.settings.name,)
    gateway = rig.new_gateway(former_client_ids=ids, receive_maximum=rig.gateway.settings.receive_maximum)
    if emptied is not None:
        gateway.on_emptied = lambda: emptied.append(True)
    return gateway


async def message_ids(rig: Rig) -> list[int]:
    return [int(orjson.loads(record.value or b"")["message_id"]) for record in await rig.reports()]


async def test_what_was_published_while_absent_under_the_old_id_arrives_once_and_in_order(rig: Rig) -> None:
    async with former_process(rig, rig.gateway.settings.name):
        pass
    tally = await rig.publish([lamp_message(n) for n in range(500)])
    assert tally.unheard == 0
    emptied: list[bool] = []
    async with rig.running(upgraded(rig, emptied=emptied)) as gateway:
        await until(lambda: emptied == [True])
        await rig.publish([lamp_message(n) for n in range(500, 520)])
        await until(lambda: gateway.counters.acknowledged == 520)
        assert gateway.counters.former_sessions == 0
    assert sorted(await message_ids(rig)) == list(range(520))
    of_a_lamp = [n for n in await message_ids(rig) if n % 7 == 3]
    assert of_a_lamp == sorted(of_a_lamp)
    async with former_process(rig, rig.gateway.settings.name) as process:
        assert process.session_present is False


async def test_no_message_falls_between_the_two_sessions(rig: Rig) -> None:
    """Devices publish all the while. What is taken under both ids stands twice in the log, which has no effect."""
    async with former_process(rig, rig.gateway.settings.name):
        pass
    emptied: list[bool] = []
    sent, beyond = 0, 0
    gateway = upgraded(rig, emptied=emptied)
    stop = asyncio.Event()
    running = asyncio.create_task(gateway.run(stop))
    while beyond < 5:  # some more once the old session is gone
        await rig.publish([lamp_message(n) for n in range(sent, sent + 10)])
        sent += 10
        beyond += bool(emptied)
    async with asyncio.timeout(20):
        while set(await message_ids(rig)) != set(range(sent)):
            await asyncio.sleep(0.05)
    stop.set()
    await running


async def test_a_process_that_dies_while_it_empties_the_old_session_loses_nothing(rig: Rig) -> None:
    async with former_process(rig, rig.gateway.settings.name):
        pass
    await rig.publish([lamp_message(n) for n in range(200)])
    rig.log.gate.clear()
    dying = upgraded(rig)
    running = asyncio.create_task(dying.run(asyncio.Event()))
    await until(lambda: dying.counters.received == 200)
    running.cancel()  # nothing was acknowledged
    await asyncio.wait({running})
    dying._session._drop_socket()
    rig.log.gate.set()
    async with rig.running(upgraded(rig)) as gateway:
        await until(lambda: gateway.counters.acknowledged >= 200)
    assert set(await message_ids(rig)) == set(range(200))


async def test_sessions_of_several_former_ids_are_emptied(rig: Rig) -> None:
    ids = (rig.gateway.settings.name, f"{rig.gateway.settings.name}-under-the-key-before")
    async with former_process(rig, ids[0]):
        pass
    await rig.publish([lamp_message(n) for n in range(5)])
    async with former_process(rig, ids[1]):
        pass
    await rig.publish([lamp_message(n) for n in range(5, 10)])
    async with rig.running(upgraded(rig, *ids)) as gateway:
        await until(lambda: gateway.counters.former_sessions == 0 and gateway.connected)
    assert set(await message_ids(rig)) == set(range(10))


async def test_a_first_start_finds_nothing_and_serves(rig: Rig) -> None:
    emptied: list[bool] = []
    async with rig.running(upgraded(rig, emptied=emptied)) as gateway:
        await rig.publish([lamp_message(1)])
        await until(lambda: gateway.counters.acknowledged == 1)
    assert emptied == [True]


async def test_a_former_process_that_still_runs_does_not_keep_the_slot_from_serving(
    own_mosquitto: Mosquitto, log: SQLiteLog
) -> None:
    """The two cut each other off. That ends, is counted, and the next start tries again."""
    topics = Topics(prefix="contested.", partitions=3, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    rig = Rig(own_mosquitto.start(), log, topics, receive_maximum=10)
    emptied: list[bool] = []
    rig.log.gate.clear()
    async with former_process(rig, rig.gateway.settings.name):
        await rig.publish([lamp_message(n) for n in range(50)])
        gateway = upgraded(rig, emptied=emptied)
        stop = asyncio.Event()
        with capture_logs() as lines:
            idle = gateway._end
            running = asyncio.create_task(gateway.run(stop))
            await until(lambda: gateway._end is not idle)
            await until(gateway._end.over.is_set, 60)  # each takes the session from the other
            rig.log.gate.set()
            await until(lambda: gateway.counters.ticks > 0, 20)
        assert gateway.counters.former_sessions == 1
        assert [line["slot"] for line in lines if line["log_level"] == "error"] == [gateway.settings.name]
        await rig.publish([lamp_message(50)])
        await until(lambda: gateway.counters.acknowledged >= 1)
        stop.set()
        await running
    assert emptied == []
    async with rig.running(upgraded(rig, emptied=emptied)):
        await until(lambda: emptied == [True])
    assert set(await message_ids(rig)) == set(range(51))
