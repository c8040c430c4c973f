"""An MQTT client on a real broker that keeps every message in the order the broker sent it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from domain.mqtt import MqttEndpoint


@asynccontextmanager
async def listening(broker: MqttEndpoint, *topics: str) -> AsyncIterator[list[tuple[str, bytes]]]:
    """The list that fills with (topic, payload); it is subscribed when the block begins."""
    received: list[tuple[str, bytes]] = []
    subscribed = asyncio.Event()
    loop = asyncio.get_running_loop()
    version = MQTTProtocolVersion.MQTTv5 if broker.mqtt5 else MQTTProtocolVersion.MQTTv311
    client = Client(CallbackAPIVersion.VERSION2, protocol=version)

    def keep(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        received.append((message.topic, bytes(message.payload)))

    def subscribe(*_: object) -> None:
        client.subscribe([(topic, 1) for topic in topics])

    def note_subscribed(*_: object) -> None:
        loop.call_soon_threadsafe(subscribed.set)

    client.on_message = keep
    client.on_connect = subscribe
    client.on_subscribe = note_subscribed
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        await asyncio.wait_for(subscribed.wait(), 10)
        yield received
    finally:
        client.disconnect()
        client.loop_stop()
