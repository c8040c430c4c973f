"""What an embedded broker owes any client, whichever it is."""

import subprocess
from pathlib import Path

import pytest

from domain.mqtt import MqttEndpoint
from tests.servers.absence import absent
from tests.urbansense.broker.clients import Came, connected
from tests.urbansense.broker.conftest import opened, settings_for


def test_a_new_client_gets_no_retained_message_that_it_did_not_subscribe_to(broker: MqttEndpoint) -> None:
    with connected(broker, "owner", "secret/#") as owner:
        owner.publish_and_wait("secret/1", "hidden", retain=True)
        owner.wait_for("hidden")
        with connected(broker, "stranger") as stranger:
            stranger.round_trip()
            assert [one.topic for one in stranger.came if one.topic.startswith("secret/")] == []
        with connected(broker, "second", "secret/+") as second:
            assert second.wait_for("hidden") == [Came("secret/1", "hidden", 1, retain=True, again=False)]


def test_a_live_message_is_not_marked_as_retained(broker: MqttEndpoint) -> None:
    with connected(broker, "listener", "lamps/#") as listener, connected(broker, "lamp") as lamp:
        lamp.publish_and_wait("lamps/1", "on", retain=True)
        assert listener.wait_for("on") == [Came("lamps/1", "on", 1, retain=False, again=False)]


def test_what_is_queued_for_an_absent_client_comes_whole_in_order_and_as_live(broker: MqttEndpoint) -> None:
    numbers = [str(n) for n in range(500)]
    with connected(broker, "absent", "lamps/#", clean=False), connected(broker, "lamp") as lamp:
        pass
    with connected(broker, "lamp") as lamp:
        lamp.publish_and_wait("lamps/1", *numbers)
    with connected(broker, "absent", clean=False) as back:
        assert back.wait_for(*numbers) == [Came("lamps/1", n, 1, retain=False, again=False) for n in numbers]


def test_what_was_in_flight_on_a_lost_connection_comes_again_and_is_marked_so(broker: MqttEndpoint) -> None:
    numbers = [str(n) for n in range(50)]
    with connected(broker, "shaky", "lamps/#", clean=False, acknowledges=False) as shaky:
        with connected(broker, "lamp") as lamp:
            lamp.publish_and_wait("lamps/1", *numbers)
        shaky.wait_for(*numbers)
        shaky.cut()
    with connected(broker, "shaky", clean=False) as back:
        assert back.wait_for(*numbers) == [Came("lamps/1", n, 1, retain=False, again=True) for n in numbers]


def test_a_message_is_delivered_at_no_better_quality_than_it_was_published_at(broker: MqttEndpoint) -> None:
    with connected(broker, "listener", "lamps/#") as listener, connected(broker, "lamp") as lamp:
        lamp.publish("lamps/1", "perhaps", 0)
        lamp.publish("lamps/1", "twice", 2)
        assert [(one.payload, one.qos) for one in listener.wait_for("perhaps", "twice")] == [
            ("perhaps", 0),
            ("twice", 1),
        ]
        lamp.round_trip()
        assert len(lamp.acknowledged) >= 2


def test_a_client_that_takes_its_session_over_gets_what_comes_from_then_on(broker: MqttEndpoint) -> None:
    with connected(broker, "twin", "lamps/#", clean=False) as first:
        with connected(broker, "twin", "lamps/#", clean=False) as second, connected(broker, "lamp") as lamp:
            assert first.ended.wait(10)
            lamp.publish_and_wait("lamps/1", "one")
            second.wait_for("one")
        with connected(broker, "lamp") as lamp:
            lamp.publish_and_wait("lamps/1", "two")
    with connected(broker, "twin", clean=False) as third:
        third.wait_for("two")


def test_the_will_of_a_client_that_is_cut_off_is_published_and_of_one_that_leaves_is_not(broker: MqttEndpoint) -> None:
    with connected(broker, "heir", "wills/#") as heir:
        with connected(broker, "leaves", will=("wills/1", "not this")):
            pass
        with connected(broker, "dies", will=("wills/2", "this")) as dies:
            dies.cut()
        assert [one.payload for one in heir.wait_for("this")] == ["this"]


@pytest.mark.mosquitto
def test_everything_that_a_hurried_publisher_sends_before_it_leaves_arrives(
    broker: MqttEndpoint, tmp_path: Path
) -> None:
    lines = [str(n) for n in range(300)]
    with connected(broker, "listener", "lamps/#") as listener:
        for qos in ("0", "1"):
            command = ["mosquitto_pub", "-p", str(broker.port), "-t", f"lamps/{qos}", "-q", qos, "-l"]
            try:
                subprocess.run(command, input="\n".join(f"{qos}-{n}" for n in lines), text=True, check=True, timeout=20)
            except FileNotFoundError:
                absent("mosquitto", "mosquitto_pub is not installed (Debian: apt-get install mosquitto-clients)")
            listener.wait_for(*(f"{qos}-{n}" for n in lines))


def test_it_lets_go_of_its_port(choice: str, tmp_path: Path) -> None:
    settings = settings_for(choice, tmp_path)
    for _ in range(2):
        with opened(settings) as broker, connected(broker.endpoint, "lamp") as lamp:
            assert broker.endpoint.port == int(settings.mqtt_url.rsplit(":", 1)[1])
            lamp.publish_and_wait("lamps/1", "on")
