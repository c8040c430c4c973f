"""One gateway slot between a real Mosquitto and the embedded log, to be driven by tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from paho.mqtt.publish import single

from domain.devices import Device, Profile
from domain.identities import OWN_ID, Identity
from domain.mqtt import parse_mqtt_url
from domain.topics import Topics, is_tick
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from simulators.dialects.reports import MqttMessage as Outbound
from simulators.publish.connection import PublishCounts, Publisher
from streams.ports import Outgoing, Record
from streams.reading.tables import read_to_end
from streams.sqlite.log import SQLiteLog
from tests.ingest.installation import KEY
from tests.servers.mosquitto import Mosquitto

NOW_MS = 1_780_000_000_000


class Lamps:
    """Every id that begins with L is a lamp."""

    version = 1

    def device(self, device_id: str) -> Device | None:
        return Device(device_id, "streetlight", "streetlight") if device_id.startswith("L") else None

    def find(self, identity: Identity) -> Device | None:
        return self.device(identity.value) if identity.scheme is OWN_ID else None

    def profile(self, name: str) -> Profile | None:
        return Profile("streetlight", "streetlight")


class HeldLog:
    """The embedded log behind a gate: what is appended becomes durable only when the gate is open."""

    def __init__(self, log: SQLiteLog) -> None:
        self._log = log
        self.gate = asyncio.Event()
        self.gate.set()

    def append(self, records: Sequence[Outgoing]) -> Awaitable[None]:
        return asyncio.ensure_future(self._append(records))

    async def _append(self, records: Sequence[Outgoing]) -> None:
        await self.gate.wait()
        await self._log.append(records)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class Rig:
    """One gateway slot, and what stands in the log."""

    def __init__(self, broker: Mosquitto, log: SQLiteLog, topics: Topics, **settings: Any) -> None:
        self.broker, self.topics = broker, topics
        self.log = HeldLog(log)
        self.gateway = self.new_gateway(**settings)

    def new_gateway(self, slot: int = 0, **settings: Any) -> Gateway:
        endpoint = parse_mqtt_url(self.broker.url)
        wanted = GatewaySettings(slot, endpoint, self.topics, KEY, **settings)
        return Gateway(wanted, self.log, Pipeline(self.topics, Lamps()), now_ms=lambda: NOW_MS, monotonic_ms=lambda: 0)

    @asynccontextmanager
    async def running(self, gateway: Gateway | None = None) -> AsyncIterator[Gateway]:
        gateway = gateway or self.gateway
        stop = asyncio.Event()
        task = asyncio.create_task(gateway.run(stop))
        await until(lambda: gateway.connected or task.done())
        try:
            yield gateway
        finally:
            stop.set()
            await task

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> PublishCounts:
        tally = PublishCounts()
        async with Publisher(parse_mqtt_url(self.broker.url), f"{self.topics.prefix}test") as publisher:
            for topic, payload in messages:
                await publisher.publish(Outbound(topic, payload), tally)
            await publisher.drain()
        return tally

    def publish_retained(self, topic: str, payload: bytes) -> None:
        """As a stranger does who has no account and needs none."""
        single(topic, payload, qos=1, retain=True, hostname="127.0.0.1", port=self.broker.port)

    async def records(self, topic: str) -> list[Record]:
        return [record async for record in read_to_end(self.log, [topic])]

    async def reports(self) -> list[Record]:
        return [r for r in await self.records(self.topics.telemetry("streetlight")) if not is_tick(r.headers)]


async def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def lamp_message(number: int, **extra: object) -> tuple[str, bytes]:
    payload = {"ts": NOW_MS - 1000 + number, "seq": number, "readings": {"active_power": 96.5}, **extra}
    return f"city/a/streetlight/L{number % 7}/up", orjson.dumps(payload)
