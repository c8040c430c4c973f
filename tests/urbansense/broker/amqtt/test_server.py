"""What only the broker without a disk owes: it acknowledges nothing that would end with it."""

import contextlib
import socket
from pathlib import Path

import pytest
from amqtt.broker import Broker
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from structlog.testing import capture_logs

from domain.errors import ConfigurationError
from domain.mqtt import MqttEndpoint
from tests.servers.processes import wait_until
from tests.urbansense.broker.clients import connected
from tests.urbansense.broker.conftest import KEEPER, opened, settings_for
from urbansense.broker.amqtt.connection import Connection
from urbansense.broker.amqtt.server import InProcessBroker
from urbansense.broker.embedded import open_broker

HELLO = b"\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0"
"""A CONNECT of somebody without a name."""


@pytest.mark.parametrize("qos", [1, 2])
def test_a_publisher_is_answered_when_the_gateway_has_answered(amqtt: MqttEndpoint, qos: int) -> None:
    with (
        connected(amqtt, "lamp") as lamp,
        connected(amqtt, KEEPER, clean=False, acknowledges=False) as gateway,
    ):
        first, second = lamp.publish("kept/1", "first", qos), lamp.publish("kept/1", "second", qos)
        lamp.publish_and_wait("elsewhere", "of no concern to the gateway")
        gateway.wait_for("first", "second")
        assert not {first, second} & lamp.acknowledged
        gateway.client.ack(gateway.numbers["second"], 1)
        wait_until(lambda: second in lamp.acknowledged, 10, "the second is acknowledged")
        assert first not in lamp.acknowledged
        gateway.client.ack(gateway.numbers["first"], 1)
        wait_until(lambda: first in lamp.acknowledged, 10, "the first is acknowledged")


def test_a_gateway_that_comes_back_ends_the_waiting_of_who_published_meanwhile(amqtt: MqttEndpoint) -> None:
    numbers = [str(n) for n in range(50)]
    with connected(amqtt, "lamp") as lamp:
        with connected(amqtt, KEEPER, clean=False, acknowledges=False) as gateway:
            sent = {lamp.publish("kept/1", number) for number in numbers[:25]}
            gateway.wait_for(*numbers[:25])
            gateway.cut()
        sent |= {lamp.publish("kept/1", number) for number in numbers[25:]}
        lamp.round_trip()
        assert not sent & lamp.acknowledged
        with connected(amqtt, KEEPER, clean=False) as gateway:
            assert [one.payload for one in gateway.wait_for(*numbers)] == numbers
            wait_until(lambda: sent <= lamp.acknowledged, 10, "all are acknowledged")


def test_nothing_is_acknowledged_before_there_is_a_gateway_to_keep_it(tmp_path: Path) -> None:
    with opened(settings_for("amqtt", tmp_path), keeper=None) as broker, connected(broker.endpoint, "lamp") as lamp:
        lamp.publish("kept/1", "early")
        with connected(broker.endpoint, "other"):
            assert lamp.acknowledged == set()


def test_nobody_wipes_the_gateway_s_session(amqtt: MqttEndpoint) -> None:
    with connected(amqtt, "lamp") as lamp:
        number = lamp.publish("kept/1", "precious")
        with pytest.raises(AssertionError), connected(amqtt, KEEPER, clean=True, patience_s=1):
            pass
        assert number not in lamp.acknowledged
        with connected(amqtt, KEEPER, clean=False) as gateway:
            gateway.wait_for("precious")


def test_a_slow_client_has_a_window_in_flight_and_the_rest_waits_for_it(
    amqtt: MqttEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """amqtt's own delivery sends everything at once, until it has no packet ids left."""
    monkeypatch.setattr("urbansense.broker.amqtt.connection._WINDOW", 10)
    numbers = [str(n) for n in range(100)]
    with connected(amqtt, "slow", "lamps/#", acknowledges=False) as slow, connected(amqtt, "lamp") as lamp:
        lamp.publish_and_wait("lamps/1", *numbers)
        for end in range(10, 101):
            wait_until(lambda end=end: len(slow.came) >= end, 10, f"message {end}")  # type: ignore[misc]
            assert len(slow.came) == end
            slow.client.ack(slow.numbers[str(end - 10)], 1)
        assert [one.payload for one in slow.came] == numbers


def test_what_does_not_fit_into_the_gateway_s_queue_is_not_acknowledged_and_that_is_said_once(
    amqtt: MqttEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urbansense.broker.amqtt.server._OUTBOX", 10)
    with capture_logs() as lines, connected(amqtt, "lamp") as lamp:
        fits = {lamp.publish("kept/1", str(n)) for n in range(10)}
        too_many = {lamp.publish("kept/1", str(n)) for n in range(10, 20)}
        lamp.round_trip()
        with connected(amqtt, KEEPER, clean=False):
            wait_until(lambda: fits <= lamp.acknowledged, 10, "what fits is acknowledged")
            lamp.round_trip()
            assert not too_many & lamp.acknowledged
    assert [(line["log_level"], line["client"]) for line in lines] == [("error", "the gateway")]


def test_a_shared_subscription_is_refused_and_not_silently_empty(amqtt: MqttEndpoint) -> None:
    with connected(amqtt, "sharer") as sharer:
        granted: list[bool] = []
        sharer.client.on_subscribe = lambda _c, _u, _m, reasons, *_: granted.extend(one.is_failure for one in reasons)
        sharer.client.subscribe("$share/group/lamps/#", 1)
        wait_until(lambda: granted, 10, "an answer")
        assert granted == [True]


async def test_a_gateway_that_shares_with_others_is_refused_at_the_start(tmp_path: Path) -> None:
    async with open_broker(settings_for("amqtt", tmp_path)) as broker:
        with pytest.raises(ConfigurationError, match="URBANSENSE_GATEWAY_SLOTS=1"):
            await broker.entrust(KEEPER, ["$share/urbansense/city/#"])


def test_mqtt_5_is_refused_in_words(amqtt: MqttEndpoint) -> None:
    reasons: list[str] = []
    client = Client(CallbackAPIVersion.VERSION2, "modern", protocol=MQTTv5, reconnect_on_failure=False)
    client.on_connect = lambda _c, _u, _f, reason, _p: reasons.append(str(reason))
    client.connect(amqtt.host, amqtt.port)
    client.loop_start()
    wait_until(lambda: reasons, 10, "an answer")
    client.loop_stop()
    assert reasons == ["Unsupported protocol version"]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no MQTT"),
        pytest.param(HELLO + b"\x30\xff\xff\xff\x7f", id="a packet of 256 MiB"),
        pytest.param(HELLO + b"\x30\x05\0\x03a/#", id="a filter for a topic"),
        pytest.param(HELLO + b"\x36\x0a\0\x06kept/1\0\x01", id="a quality that there is not"),
        pytest.param(HELLO + b"\x30\x03\0\x09a", id="a topic longer than its packet"),
        pytest.param(HELLO + b"\xf0\x00", id="no packet"),
    ],
)
def test_who_sends_nonsense_is_cut_off_and_nobody_else(
    amqtt: MqttEndpoint, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urbansense.broker.amqtt.server._CONNECT_WITHIN_S", 0.2)
    with connected(amqtt, "listener", "lamps/#") as listener, connected(amqtt, "lamp") as lamp:
        with socket.create_connection((amqtt.host, amqtt.port), 10) as stranger, contextlib.suppress(ConnectionError):
            stranger.sendall(sent)
            while stranger.recv(1000):
                pass
        lamp.publish_and_wait("lamps/1", "on")
        listener.wait_for("on")


@pytest.mark.parametrize(("ours", "theirs"), [(InProcessBroker, Broker), (Connection, BrokerProtocolHandler)])
def test_what_is_replaced_of_amqtt_is_still_there_to_be_replaced(ours: type, theirs: type) -> None:
    own = {
        "endpoint", "check", "run", "entrust", "take", "_subscribers", "_post", "_publish_will", "_pump", "_read_packet",
        "_handle", "_delivered", "_acknowledge", "_write",
    }  # fmt: skip
    replaced = {name for name, what in vars(ours).items() if callable(what)} - own
    assert {name for name in replaced if not hasattr(theirs, name)} == set()
