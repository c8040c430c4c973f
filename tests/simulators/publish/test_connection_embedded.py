"""The publisher against a real amqtt, the embedded broker of a machine without Mosquitto."""

from amqtt.broker import Broker

from domain.mqtt import MqttEndpoint
from simulators.dialects.reports import MqttMessage
from simulators.publish.connection import PublishCounts, Publisher
from tests.servers.ports import free_port
from tests.simulators.publish.listener import listening
from tests.simulators.publish.waiting import until


async def test_the_embedded_broker_is_spoken_to_in_mqtt_3_1_1() -> None:
    tally, port = PublishCounts(), free_port()
    embedded = MqttEndpoint("127.0.0.1", port, mqtt5=False)
    amqtt = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await amqtt.start()
    try:
        async with listening(embedded, "publisher/old") as received, Publisher(embedded, "publisher-old") as sender:
            for number in range(100):
                await sender.publish(MqttMessage("publisher/old", str(number).encode()), tally)
            await sender.drain()
            await until(lambda: len(received) == 100, "all arrive")
    finally:
        await amqtt.shutdown()
    assert tally == PublishCounts(sent=100, acknowledged=100)
    assert received == [("publisher/old", str(number).encode()) for number in range(100)]
