"""The publisher against a real Mosquitto: what it counts, how it waits, and what it does when the connection goes."""

import asyncio
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from domain.mqtt import MqttEndpoint, parse_mqtt_url
from simulators.dialects.reports import MqttMessage
from simulators.publish.connection import PublishCounts, Publisher
from tests.servers.mosquitto import BINARY, Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process, accepts_connections, wait_until
from tests.simulators.publish.listener import listening
from tests.simulators.publish.stalling_proxy import StallingProxy
from tests.simulators.publish.waiting import until

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def broker(mosquitto_url: str) -> MqttEndpoint:
    return parse_mqtt_url(mosquitto_url)


async def publish_many(publisher: Publisher, topic: str, count: int, tally: PublishCounts, first: int = 0) -> None:
    for number in range(first, first + count):
        await publisher.publish(MqttMessage(topic, str(number).encode()), tally)


async def test_everything_acknowledged_is_counted_and_arrives_in_order(broker: MqttEndpoint) -> None:
    tally = PublishCounts()
    async with (
        listening(broker, "publisher/order") as received,
        Publisher(broker, "publisher-order", window=50) as sender,
    ):
        await publish_many(sender, "publisher/order", 500, tally)
        await sender.drain()
        assert tally == PublishCounts(sent=500, acknowledged=500)
        await until(lambda: len(received) >= 500, "500 messages arrive")
    assert received == [("publisher/order", str(number).encode()) for number in range(500)]


async def test_a_message_that_nobody_subscribes_to_is_counted_as_unheard(broker: MqttEndpoint) -> None:
    tally = PublishCounts()
    async with Publisher(broker, "publisher-unheard") as sender:
        await publish_many(sender, "publisher/unheard", 3, tally)
        await sender.drain()
    assert tally == PublishCounts(sent=3, acknowledged=3, unheard=3)


async def test_no_more_than_the_window_is_ever_unacknowledged(broker: MqttEndpoint) -> None:
    tally = PublishCounts()
    async with StallingProxy(broker.port) as proxy, listening(broker, "publisher/window") as received:
        async with Publisher(MqttEndpoint("127.0.0.1", proxy.port), "publisher-window", window=7) as sender:
            proxy.answers.clear()
            sending = asyncio.create_task(publish_many(sender, "publisher/window", 20, tally))
            await until(lambda: len(received) == 7, "the window's messages arrive")
            assert not sending.done()
            assert (tally.sent, tally.acknowledged, sender.unanswered) == (7, 0, 7)
            proxy.answers.set()
            await sending
            await sender.drain()
        assert tally == PublishCounts(sent=20, acknowledged=20)


async def test_an_acknowledgement_is_not_held_up_by_messages_that_get_none(broker: MqttEndpoint) -> None:
    """Nagle's algorithm would hold each round back for the kernel's own acknowledgement, 40 ms: 2 s in all."""
    tally, loop = PublishCounts(), asyncio.get_running_loop()
    async with Publisher(broker, "publisher-rounds") as sender:
        began_s = loop.time()
        for _ in range(50):
            await sender.publish(MqttMessage("publisher/rounds", b"unsure", qos=0), tally)
            await sender.publish(MqttMessage("publisher/rounds", b"sure"), tally)
            await sender.drain()
        took_s = loop.time() - began_s
    assert tally.acknowledged == 100
    assert took_s < 1.0


async def test_what_a_lost_connection_left_unacknowledged_is_sent_again(broker: MqttEndpoint) -> None:
    tally = PublishCounts()
    async with StallingProxy(broker.port) as proxy, listening(broker, "publisher/again") as received:
        async with Publisher(MqttEndpoint("127.0.0.1", proxy.port), "publisher-again", window=100) as sender:
            await publish_many(sender, "publisher/again", 50, tally)
            await sender.drain()
            proxy.answers.clear()
            await publish_many(sender, "publisher/again", 100, tally, first=50)
            assert tally.acknowledged == 50
            proxy.cut()
            proxy.answers.set()
            await publish_many(sender, "publisher/again", 50, tally, first=150)
            await asyncio.wait_for(sender.drain(), 20)
        assert proxy.accepted == 2
        assert tally == PublishCounts(sent=200, acknowledged=200)
        await until(lambda: {int(payload) for _, payload in received} == set(range(200)), "each number arrives")


async def test_a_broker_that_is_down_at_start_is_waited_for(own_mosquitto: Mosquitto) -> None:
    tally = PublishCounts()
    sender = Publisher(parse_mqtt_url(own_mosquitto.url), "publisher-early")
    entering = asyncio.create_task(sender.__aenter__())
    await until(lambda: sender.failures >= 2, "two attempts fail")
    assert not entering.done()
    await asyncio.to_thread(own_mosquitto.start)
    await asyncio.wait_for(entering, 20)
    await publish_many(sender, "publisher/early", 1, tally)
    await sender.drain()
    await sender.__aexit__(None, None, None)
    assert tally.acknowledged == 1


async def test_a_broker_that_restarts_is_found_again(own_mosquitto: Mosquitto) -> None:
    tally = PublishCounts()
    own_mosquitto.start()
    async with Publisher(parse_mqtt_url(own_mosquitto.url), "publisher-restart") as sender:
        await publish_many(sender, "publisher/restart", 10, tally)
        await sender.drain()
        await asyncio.to_thread(own_mosquitto.stop)
        await until(lambda: sender.failures >= 1, "the outage is noticed")
        sending = asyncio.create_task(publish_many(sender, "publisher/restart", 10, tally))
        await asyncio.to_thread(own_mosquitto.start)
        await asyncio.wait_for(sending, 20)
        await asyncio.wait_for(sender.drain(), 20)
    assert (tally.sent, tally.acknowledged) == (20, 20)


async def test_a_broker_that_refuses_the_password_is_a_configuration_error(tmp_path: Path) -> None:
    if BINARY is None:
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
    port, config = free_port(), tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n")
    process = Process([BINARY, "-c", str(config)], tmp_path / "log").start()
    try:
        wait_until(lambda: accepts_connections(port), 10, "Mosquitto accepts connections", process)
        for mqtt5 in (True, False):
            broker = MqttEndpoint("127.0.0.1", port, username="lamp", password="guess", mqtt5=mqtt5)
            with pytest.raises(ConfigurationError, match=rf"127.0.0.1:{port} refuses 'publisher-stranger'.*uthor"):
                async with asyncio.timeout(10), Publisher(broker, "publisher-stranger"):
                    raise AssertionError("it was let in")
    finally:
        process.stop()
