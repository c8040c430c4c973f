"""Real clients of a broker: paho, one object each, that remembers what came."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from domain.mqtt import MqttEndpoint
from tests.servers.processes import wait_until


@dataclass(frozen=True, slots=True)
class Came:
    """A message as a client received it."""

    topic: str
    payload: str
    qos: int
    retain: bool
    again: bool


@dataclass
class TestClient:
    """Connected in MQTT 3.1.1. `acknowledges` False: it takes messages and never answers."""

    __test__ = False

    client: Client
    came: list[Came] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    """The packet id under which each payload came last."""

    acknowledged: set[int] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)

    def receive(self, message: MQTTMessage) -> None:
        payload = message.payload.decode()
        self.numbers[payload] = message.mid
        self.came.append(Came(message.topic, payload, message.qos, message.retain, message.dup))

    def publish(self, topic: str, payload: str, qos: int = 1, *, retain: bool = False) -> int:
        """The message's number, which is among the acknowledged sooner or later."""
        return self.client.publish(topic, payload, qos, retain).mid

    def publish_and_wait(self, topic: str, *payloads: str, qos: int = 1, retain: bool = False) -> None:
        numbers = {self.publish(topic, payload, qos, retain=retain) for payload in payloads}
        wait_until(lambda: numbers <= self.acknowledged, 10, f"{topic} is acknowledged")

    def wait_for(self, *payloads: str) -> list[Came]:
        """What came, once these are all there."""
        wait_until(lambda: {*payloads} <= {one.payload for one in self.came}, 10, f"{len(payloads)} messages come")
        return list(self.came)

    def round_trip(self) -> None:
        """What the broker sent us before it answered this was received before this returns."""
        granted = threading.Event()
        self.client.on_subscribe = lambda *_: granted.set()
        self.client.subscribe("round-trip", 1)
        assert granted.wait(10)
        before = len(self.came)
        self.client.publish("round-trip", "back", 1)
        wait_until(lambda: any(one.topic == "round-trip" for one in self.came[before:]), 10, "a round trip")

    def cut(self) -> None:
        """Lose the connection without a good-bye."""
        sock = self.client.socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)
        self.ended.wait(10)


@contextmanager
def connected(
    broker: MqttEndpoint,
    client_id: str,
    *filters: str,
    clean: bool = True,
    acknowledges: bool = True,
    will: tuple[str, str] | None = None,
    patience_s: float = 10,
) -> Iterator[TestClient]:
    """A client whose subscriptions are granted; it says good-bye at the end, if it was not cut."""
    client = Client(
        CallbackAPIVersion.VERSION2, client_id, clean_session=clean, protocol=MQTTProtocolVersion.MQTTv311,
        manual_ack=not acknowledges, reconnect_on_failure=False,
    )  # fmt: skip
    one = TestClient(client)
    up, granted = threading.Event(), threading.Event()
    client.on_connect = lambda *_: up.set()
    client.on_subscribe = lambda *_: granted.set()
    client.on_disconnect = lambda *_: one.ended.set()
    client.on_message = lambda _c, _u, message: one.receive(message)
    client.on_publish = lambda _c, _u, mid, *_: one.acknowledged.add(mid)
    client.max_inflight_messages_set(1000)
    if will is not None:
        client.will_set(*will, qos=1)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        assert up.wait(patience_s)
        if filters:
            client.subscribe([(topic_filter, 1) for topic_filter in filters])
            assert granted.wait(10)
        yield one
    finally:
        client.disconnect()
        client.loop_stop()
