"""A device's own MQTT client, for tests: what it may do shows in what the broker answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLContext

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.mosquitto import Mosquitto
from tests.servers.processes import wait_until


class DeviceClient:
    """One connection; `refused` is the broker's answer to CONNECT where it refused, `cut_off` its last word."""

    def __init__(
        self,
        broker: Mosquitto,
        username: str,
        secret: str,
        client_id: str | None = None,
        *,
        port: int | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        self.refused: str | None = None
        self.cut_off: str | None = None
        self.received: list[str] = []
        self._answered = threading.Event()
        self._pubacks: dict[int, str] = {}
        self._subacks: dict[int, list[str]] = {}
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id or f"client-{username}", protocol=MQTTv5, reconnect_on_failure=False
        )
        if tls is not None:
            self._client.tls_set_context(tls)
        else:
            self._client.username_pw_set(username, secret)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = lambda c, u, mid, reason, p: self._pubacks.update({mid: str(reason)})
        self._client.on_subscribe = lambda c, u, mid, reasons, p: self._subacks.update({mid: [*map(str, reasons)]})
        self._client.on_message = lambda c, u, message: self.received.append(message.topic)
        self._client.connect("127.0.0.1", port or broker.port)
        self._client.loop_start()
        assert self._answered.wait(10), "no CONNACK"

    def publish(self, topic: str, payload: bytes = b"{}") -> str:
        """The reason in the PUBACK."""
        mid = self._client.publish(topic, payload, qos=1).mid
        wait_until(lambda: mid in self._pubacks, 10, f"a PUBACK for {topic}")
        return self._pubacks[mid]

    def subscribe(self, topic_filter: str) -> str:
        """The reason in the SUBACK."""
        _, mid = self._client.subscribe(topic_filter, qos=1)
        wait_until(lambda: mid in self._subacks, 10, f"a SUBACK for {topic_filter}")
        return self._subacks[mid or 0][0]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, data: object, flags: object, reason: object, properties: object) -> None:
        if str(reason) != "Success":
            self.refused = str(reason)
        self._answered.set()

    def _on_disconnect(self, client: Client, data: object, flags: object, reason: object, properties: object) -> None:
        self.cut_off = str(reason)


@contextmanager
def connected(broker: Mosquitto, username: str, secret: str, client_id: str | None = None) -> Iterator[DeviceClient]:
    client = DeviceClient(broker, username, secret, client_id)
    try:
        yield client
    finally:
        client.close()
