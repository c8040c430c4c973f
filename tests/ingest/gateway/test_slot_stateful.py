"""The dialects with a memory between a real Mosquitto and the embedded log: nothing acknowledged is lost."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

import ingest.dialects.hj212.parts as parts
from domain.devices import Device
from domain.dialects import STATEFUL_FILTERS, UPLINK_FILTERS
from domain.mqtt import MqttEndpoint, parse_mqtt_url
from domain.topics import Topics, is_tick
from ingest.dialects.messages import MqttMessage
from ingest.dialects.sparkplug.wire import read_payload
from ingest.dialects.state import Ticket
from ingest.gateway.decoder import Decoder
from ingest.gateway.mqtt.frames import Publish
from ingest.gateway.mqtt.session import MqttSession
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.answer import Answer
from ingest.pipeline.message_to_records import Pipeline
from streams.ports import Log, Outgoing
from streams.reading.tables import read_to_end
from streams.sqlite.log import SQLiteLog
from tests.ingest.installation import KEY
from tests.ingest.lookup import lookup_of
from tests.ingest.stations import MN, frame, metric, part, payload
from tests.ingest.stations import TOPIC as STATION
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from urbansense.broker.amqtt.server import running_amqtt

NOW_MS = 1_780_286_430_000
DEVICES = (
    Device("WM-1", "water_monitor", "water_monitor", mn=MN),
    Device("CB-1", "cabinet", "cabinet", sparkplug="city/edge"),
)
KINDS = ("water_monitor", "cabinet")
FIRST = part(1, 2, "DataTime=20260601120000;w01001-Rtd=7.42,w01001-Flag=N")
SECOND = part(2, 2, "w01010-Rtd=21.6,w01010-Flag=N")
BOTH = {"ph": 7.42, "water_temperature": 21.6}


class Rig:
    """One log, and gateways that come and go on one broker."""

    def __init__(self, url: str, log: SQLiteLog, name: str) -> None:
        self.endpoint: MqttEndpoint = parse_mqtt_url(url)
        self.log = log
        self.topics = Topics(prefix=f"{name}.", partitions=3, kinds=KINDS)

    def new_gateway(self, slot: int = 0, **settings: Any) -> Gateway:
        pipeline = Pipeline(self.topics, lookup_of(*DEVICES, kinds=KINDS))
        wanted = GatewaySettings(slot, self.endpoint, self.topics, KEY, **settings)
        return Gateway(wanted, self.log, pipeline, now_ms=lambda: NOW_MS, monotonic_ms=lambda: 0)

    @asynccontextmanager
    async def running(self, gateway: Gateway) -> AsyncIterator[Gateway]:
        stop = asyncio.Event()
        task = asyncio.create_task(gateway.run(stop))
        await until(lambda: gateway.counters.ticks > 0 or task.done())
        try:
            yield gateway
        finally:
            stop.set()
            await task

    @asynccontextmanager
    async def killed_at_the_end(self, gateway: Gateway) -> AsyncIterator[Gateway]:
        """The process dies: nothing says good-bye, nothing that waits is concluded."""
        task = asyncio.create_task(gateway.run(asyncio.Event()))
        await until(lambda: gateway.counters.ticks > 0 or task.done())
        yield gateway
        task.cancel()
        await asyncio.wait({task})
        gateway._session._drop_socket()

    async def values(self, topic: str) -> list[dict[str, Any]]:
        records = [record async for record in read_to_end(self.log, [topic]) if not is_tick(record.headers)]
        return [orjson.loads(record.value or b"") for record in records]

    async def reports(self, kind: str) -> list[dict[str, Any]]:
        return await self.values(self.topics.telemetry(kind))

    async def rejected(self) -> list[dict[str, Any]]:
        return await self.values(self.topics.rejected)


async def until(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


class Edge:
    """An edge node that answers when it is asked for its birth, and counts how often it was."""

    def __init__(self, client: Client) -> None:
        self.rebirths = 0
        self._client = client
        self._seq = 0
        client.on_message = self._hear
        client.subscribe("spBv1.0/city/NCMD/edge", 1)

    def be_born(self) -> None:
        self._seq = 0
        door = metric("door_open", False, alias=1, datatype=11, at=NOW_MS)
        self._publish("NBIRTH", metric("bdSeq", 0, datatype=8, at=NOW_MS), door)

    def tell(self, at: int, *, is_open: bool = True, qos: int = 0) -> None:
        self._publish("NDATA", metric(None, is_open, alias=1, at=at), qos=qos)

    def _publish(self, sort: str, *metrics: bytes, qos: int = 0) -> None:
        said = payload(*metrics, seq=self._seq, at=NOW_MS)
        self._seq = (self._seq + 1) % 256
        info = self._client.publish(f"spBv1.0/city/{sort}/edge", said, qos)
        if qos:
            info.wait_for_publish(10)

    def _hear(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        (command,) = read_payload(bytes(message.payload)).metrics
        assert (command.name, command.value) == ("Node Control/Rebirth", True)
        self.rebirths += 1
        self.be_born()


@contextmanager
def connected(url: str, name: str, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5) -> Iterator[Client]:
    endpoint = parse_mqtt_url(url)
    client = Client(CallbackAPIVersion.VERSION2, f"{name}-device", protocol=protocol)
    client.connect(endpoint.host, endpoint.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def send(client: Client, message: bytes, topic: str = STATION) -> None:
    client.publish(topic, message, 1).wait_for_publish(10)


@pytest.fixture
async def rig(own_mosquitto: Mosquitto, log: SQLiteLog) -> Rig:
    rig = Rig(own_mosquitto.start().url, log, "stateful")
    await log.ensure_topics(rig.topics.specs())
    return rig


@pytest.fixture
def device(rig: Rig) -> Iterator[Client]:
    with connected(f"mqtt://{rig.endpoint.host}:{rig.endpoint.port}", "stateful") as client:
        yield client


async def test_a_waiting_part_is_unacknowledged_and_delays_nobody(rig: Rig, device: Client) -> None:
    async with rig.running(rig.new_gateway()) as gateway:
        send(device, FIRST)
        send(device, frame())
        await until(lambda: gateway.counters.received == 2)
        ticks = gateway.counters.ticks
        await until(lambda: gateway.counters.acknowledged == 1 and gateway.counters.ticks > ticks)
        assert [one["readings"] for one in await rig.reports("water_monitor")] == [{"ph": 7.42}]
        send(device, SECOND)
        await until(lambda: gateway.counters.acknowledged == 3)
    assert [one["readings"] for one in await rig.reports("water_monitor")] == [{"ph": 7.42}, BOTH]
    assert await rig.rejected() == []


async def test_a_part_that_waited_when_the_gateway_was_killed_comes_again(rig: Rig, device: Client) -> None:
    async with rig.killed_at_the_end(rig.new_gateway()) as first:
        send(device, FIRST)
        await until(lambda: first.counters.received == 1)
    send(device, SECOND)
    async with rig.running(rig.new_gateway()) as second:
        await until(lambda: second.counters.acknowledged == 2)
    assert [one["readings"] for one in await rig.reports("water_monitor")] == [BOTH]
    assert await rig.rejected() == []


async def test_a_part_that_waited_when_the_broker_went_away_is_acknowledged_on_the_new_connection(
    rig: Rig, device: Client, own_mosquitto: Mosquitto
) -> None:
    async with rig.running(rig.new_gateway()) as gateway:
        send(device, FIRST)
        await until(lambda: gateway.counters.received == 1)
        own_mosquitto.stop()
        await until(lambda: not gateway.connected)
        own_mosquitto.start()
        await until(lambda: gateway.counters.received == 2, 30)
        await until(device.is_connected, 30)
        send(device, SECOND)
        await until(lambda: gateway.counters.acknowledged == 3)
    async with rig.running(rig.new_gateway()) as second:
        send(device, frame(CN="9015", cp=""))
        await until(lambda: second.counters.received > 0)
        assert second.counters.received == 1
    assert [one["readings"] for one in await rig.reports("water_monitor")] == [BOTH]


async def test_a_lone_part_ends_in_the_rejected_and_is_then_acknowledged(
    rig: Rig, device: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PATIENCE_SWEEPS", 2)
    async with rig.running(rig.new_gateway()) as gateway:
        send(device, FIRST)
        await until(lambda: gateway.counters.acknowledged == 1)
    [refused] = await rig.rejected()
    assert (refused["reason"], refused["device_id"]) == ("unparseable", "WM-1")
    assert b64decode(refused["payload"]) == FIRST


async def test_a_slot_that_is_given_up_concludes_what_waits(rig: Rig, device: Client) -> None:
    async with rig.running(rig.new_gateway(end_session=True)) as gateway:
        send(device, FIRST)
        await until(lambda: gateway.counters.received == 1)
    assert [b64decode(one["payload"]) for one in await rig.rejected()] == [FIRST]


async def test_births_and_data_of_an_edge_node_become_telemetry(rig: Rig, device: Client) -> None:
    edge = Edge(device)
    async with rig.running(rig.new_gateway()) as gateway:
        edge.be_born()
        for n in range(1, 11):
            edge.tell(NOW_MS + n, is_open=n % 2 == 0)
        await until(lambda: gateway.counters.acknowledged == 11)
    told = [(one["observed_at_ms"] - NOW_MS, one["readings"]["door_open"]) for one in await rig.reports("cabinet")]
    assert told == [(0, False), *((n, n % 2 == 0) for n in range(1, 11))]
    assert edge.rebirths == 0


async def test_a_gateway_killed_and_started_again_asks_for_the_birth_and_loses_nothing(
    rig: Rig, device: Client
) -> None:
    """Data is sent at QoS 1 here, so that it is promised; the births at QoS 0 are lost while nobody listens."""
    edge = Edge(device)
    async with rig.killed_at_the_end(rig.new_gateway()) as first:
        edge.be_born()
        edge.tell(NOW_MS + 1, qos=1)
        await until(lambda: first.counters.acknowledged == 2)
    for n in range(2, 12):
        edge.tell(NOW_MS + n, qos=1)
    async with rig.running(rig.new_gateway()):
        await until(lambda: edge.rebirths > 0)
        edge.tell(NOW_MS + 12, qos=1)
        async with asyncio.timeout(15):
            while NOW_MS + 12 not in {one["observed_at_ms"] for one in await rig.reports("cabinet")}:
                await asyncio.sleep(0.05)
    assert edge.rebirths == 1
    read = {one["observed_at_ms"] - NOW_MS for one in await rig.reports("cabinet")}
    unread = {
        one.timestamp_ms - NOW_MS
        for refused in await rig.rejected()
        for one in read_payload(b64decode(refused["payload"])).metrics
        if one.timestamp_ms is not None
    }
    assert read | unread == set(range(13))
    assert unread <= set(range(2, 12))


async def test_what_came_on_an_earlier_connection_is_not_acknowledged_on_this_one(log: SQLiteLog) -> None:
    gateway = Rig("mqtt://127.0.0.1:1", log, "stale").new_gateway()
    gateway._session = cast("MqttSession", SimpleNamespace(connection=2))
    answer = Answer([], [Ticket(1, b"\0\1"), Ticket(2, b"\0\2"), Ticket(2, None)])
    assert gateway._act_on(answer) == ([], [b"\0\2"], 3)


@pytest.mark.parametrize("topic_filter", [*UPLINK_FILTERS, *STATEFUL_FILTERS])
async def test_every_dialect_takes_its_own_way(log: SQLiteLog, topic_filter: str) -> None:
    """`Gateway._receive` tells them apart by one comparison of the topic."""
    gateway = Rig("mqtt://127.0.0.1:1", log, "ways").new_gateway()
    gateway._session = cast("MqttSession", SimpleNamespace(connection=1))
    gateway._queue = asyncio.Queue()
    ways: list[str] = []

    def records(message: MqttMessage) -> list[Outgoing]:
        ways.append("records")
        return [Outgoing("telemetry.rejected", None, b"")]

    def receive(message: MqttMessage, ticket: Ticket) -> Answer:
        ways.append("receive")
        return Answer([], [ticket])

    gateway.decoder = cast("Decoder", SimpleNamespace(records=records, receive=receive, held=0))
    gateway.log = cast("Log", SimpleNamespace(append=lambda records: None))
    topic = topic_filter.replace("+", "x").replace("#", "g/NDATA/e")
    gateway._receive([Publish(topic, b"", b"\0\1", None)])
    assert ways == (["receive"] if topic_filter in STATEFUL_FILTERS else ["records"])
    assert gateway._queue.get_nowait().pubacks == b"\x40\x02\0\1"


async def test_only_the_first_slot_takes_them_and_takes_them_once(rig: Rig, device: Client) -> None:
    async with rig.running(rig.new_gateway(slots=2)) as first, rig.running(rig.new_gateway(1, slots=2)) as second:
        assert set(STATEFUL_FILTERS) <= set(first.settings.filters)
        assert not set(STATEFUL_FILTERS) & set(second.settings.filters)
        for n in range(10):
            send(device, frame(f"DataTime=202606011200{n:02};w01001-Rtd=7"))
        await until(lambda: first.counters.acknowledged == 10)
        assert second.counters.received == 0
    assert len(await rig.reports("water_monitor")) == 10


async def test_parts_are_joined_on_the_embedded_broker_too(log: SQLiteLog) -> None:
    """amqtt speaks MQTT 3.1.1, and acknowledges a part to its sender when the gateway has acknowledged it."""
    port = free_port()
    rig = Rig(f"embedded://127.0.0.1:{port}", log, "embedded")
    await log.ensure_topics(rig.topics.specs())
    gateway = rig.new_gateway()
    async with running_amqtt(MqttEndpoint("127.0.0.1", port, embedded=True), stranded=False) as broker:
        await broker.entrust(gateway.settings.client_id, gateway.settings.filters)
        async with rig.running(gateway):
            await asyncio.to_thread(_send_both, f"mqtt://127.0.0.1:{port}")
            await until(lambda: gateway.counters.acknowledged == 2)
    assert [one["readings"] for one in await rig.reports("water_monitor")] == [BOTH]


def _send_both(url: str) -> None:
    with connected(url, "embedded", MQTTProtocolVersion.MQTTv311) as client:
        for sent in [client.publish(STATION, part, 1) for part in (FIRST, SECOND)]:
            sent.wait_for_publish(10)
