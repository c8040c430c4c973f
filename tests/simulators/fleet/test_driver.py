"""The driver against a real Mosquitto: nothing is lost by brokers that go and come, and time is kept."""

import asyncio
import dataclasses
import socket
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from domain.errors import ConfigurationError
from domain.mqtt import parse_mqtt_url
from simulators.fleet.driver import LoadDriver
from simulators.fleet.kinds import KINDS, device_id
from simulators.fleet.packets import FIRST_SEQ
from simulators.fleet.plan import LoadOutcome, LoadPlan, LoadProgress
from simulators.fleet.schedule import PlannedOutage, ProfileName, profile_of
from simulators.fleet.supervision import Fleet
from tests.servers.mosquitto import Mosquitto
from tests.servers.processes import wait_until
from tests.simulators.fleet.slow_broker import SlowBroker

pytestmark = pytest.mark.mosquitto


def plan_for(broker: Mosquitto | str, rate: float, duration_s: float, **more: Any) -> LoadPlan:
    profile = profile_of(more.pop("profile", ProfileName.STEADY), rate, duration_s, more.pop("outage", None))
    given = {"devices": 50, "connections": 50, "processes": 1, "probe_every": 0, "patience_s": 10.0, **more}
    return LoadPlan(
        endpoint=parse_mqtt_url(broker if isinstance(broker, str) else broker.url),
        kind=KINDS["streetlight"],
        profile=profile,
        client_prefix=f"t{time.time_ns()}-",
        **given,
    )


def drive(plan: LoadPlan, process: int = 0, ask: Any = None) -> LoadOutcome:
    driver = LoadDriver(plan, process)
    assert driver.connect(lambda _: False, 10)
    return driver.run(int(time.time() * 1000) + 20, ask or (lambda _: False))


def acknowledged(outcome: LoadOutcome, plan: LoadPlan) -> set[int]:
    bits = np.unpackbits(outcome.acknowledged_bits, count=plan.profile.schedule.total)
    return set(np.flatnonzero(bits).tolist())


class Listener:
    """Everything that the broker hands on, by message of the schedule."""

    def __init__(self, broker: Mosquitto) -> None:
        self.seen: Counter[int] = Counter()
        self.topics: set[str] = set()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, f"listener-{time.time_ns()}", clean_session=False)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = self._take
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert subscribed.wait(5)

    def _subscribe(self, client: Client, *_: Any) -> None:
        client.subscribe("city/#", qos=1)

    def _take(self, _client: Any, _userdata: Any, message: Any) -> None:
        self.seen[orjson.loads(message.payload)["seq"] - FIRST_SEQ] += 1
        self.topics.add(message.topic)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.parametrize("connections", [1, 7, 50])
def test_every_message_arrives_once_and_in_time(own_mosquitto: Mosquitto, connections: int) -> None:
    own_mosquitto.start()
    listener = Listener(own_mosquitto)
    plan = plan_for(own_mosquitto, 1000, 1, connections=connections)
    outcome = drive(plan)
    wait_until(lambda: len(listener.seen) == 1000, 5, "all messages are heard")
    listener.close()
    assert set(listener.seen.values()) == {1}
    assert listener.topics == {f"city/LOAD/streetlight/{device_id(n)}/up" for n in range(50)}
    assert acknowledged(outcome, plan) == set(range(1000))
    assert (outcome.sent, outcome.acknowledged, outcome.refused, outcome.unheard, outcome.resent) == (
        1000,
        1000,
        0,
        0,
        0,
    )
    assert outcome.connections == connections
    assert outcome.lag.count == outcome.send_lag.count == 1000
    assert sum(outcome.sent_by_second) == sum(outcome.acknowledged_by_second) == 1000
    assert outcome.took_s >= 0.999


def test_a_window_of_one_holds_messages_back_and_their_time_stays(own_mosquitto: Mosquitto) -> None:
    own_mosquitto.start()
    plan = plan_for(own_mosquitto, 20_000, 0.3, connections=1, window=1, devices=30)
    outcome = drive(plan)
    assert outcome.acknowledged == 6000
    assert outcome.held > 1000
    assert (outcome.send_lag.quantile(0.99) or 0) > (outcome.lag.quantile(0.5) or 0)


def test_no_connection_ever_has_more_under_way_than_the_broker_takes(tmp_path: Path) -> None:
    """Mosquitto says Receive Maximum 2 in its CONNACK, and cuts whoever sends a third message."""
    broker = Mosquitto(tmp_path, "max_inflight_messages 2\n").start()
    try:
        plan = plan_for(broker, 5000, 0.5, connections=2)
        outcome = drive(plan)
    finally:
        broker.stop()
    assert (outcome.acknowledged, outcome.reconnects) == (2500, 0)
    assert outcome.held > 100


def test_a_socket_that_takes_little_gets_whole_packets_in_order() -> None:
    """What we write is cut, and what we read. The kernel's own buffer is made small, else it hides the slowness."""
    with SlowBroker() as broker:
        plan = plan_for(f"embedded://127.0.0.1:{broker.port}", 10_000, 0.4, connections=1, window=500)
        driver = LoadDriver(plan, 0)
        assert driver.connect(lambda _: False, 10)
        for link in driver._links:
            assert link.socket is not None
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        outcome = driver.run(int(time.time() * 1000) + 20, lambda _: False)
        assert broker.messages == list(range(4000))
        assert broker.connections == 1
    assert outcome.acknowledged == 4000
    assert outcome.held > 100


def test_what_the_broker_had_not_acknowledged_is_sent_again_after_its_restart(own_mosquitto: Mosquitto) -> None:
    own_mosquitto.start()
    listener = Listener(own_mosquitto)
    plan = plan_for(own_mosquitto, 500, 4)
    done = threading.Event()

    def restart() -> None:
        own_mosquitto.stop()
        own_mosquitto.start()
        done.set()

    restarting = threading.Thread(target=restart)

    def ask(progress: LoadProgress) -> bool:
        if progress.acknowledged > 500 and not restarting.is_alive() and not done.is_set():
            restarting.start()
        return False

    outcome = drive(plan, ask=ask)
    restarting.join()
    assert outcome.acknowledged == outcome.sent == 2000
    assert outcome.reconnects >= 50
    wait_until(lambda: len(listener.seen) == 2000, 10, "all messages are heard")
    listener.close()


def test_an_outage_cuts_the_network_and_everything_comes_after_it(own_mosquitto: Mosquitto) -> None:
    own_mosquitto.start()
    plan = plan_for(own_mosquitto, 500, 3, profile=ProfileName.OUTAGE, outage=PlannedOutage(1, 2, 1.0))
    lowest = []

    def ask(progress: LoadProgress) -> bool:
        lowest.append(progress.connected)
        return False

    outcome = drive(plan, ask=ask)
    assert outcome.acknowledged == 1500
    assert min(lowest) == 0
    assert outcome.reconnects == 50
    assert outcome.held >= 400
    assert 800 < outcome.send_lag.max_ms < 3000


def test_processes_share_the_devices_and_their_outcomes_add_up(own_mosquitto: Mosquitto) -> None:
    own_mosquitto.start()
    plan = plan_for(own_mosquitto, 600, 1, processes=2, devices=51, connections=20)

    async def run() -> LoadOutcome:
        async with Fleet(plan) as fleet:
            return await fleet.run(int(time.time() * 1000) + 100)

    outcome = asyncio.run(run())
    assert acknowledged(outcome, plan) == set(range(600))
    assert (outcome.sent, outcome.connections) == (600, 20)


def test_a_fleet_stops_when_it_is_told(own_mosquitto: Mosquitto) -> None:
    own_mosquitto.start()
    plan = plan_for(own_mosquitto, 100, 60)

    async def run() -> LoadOutcome:
        async with Fleet(plan) as fleet:
            running = asyncio.create_task(fleet.run(int(time.time() * 1000)))
            asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(fleet.stop()))
            return await asyncio.wait_for(running, 10)

    outcome = asyncio.run(run())
    assert 0 < outcome.acknowledged < 1000


def test_a_refused_message_is_counted_as_refused(tmp_path: Path) -> None:
    """MQTT 5 only: reason code 0x87, not authorised."""
    allowed = tmp_path / "acl"
    allowed.write_text(f"topic write city/LOAD/streetlight/{device_id(0)}/up\n")
    # Without a bound on its queue, 2.0.11 takes every queue for full once it refuses a message, and disconnects.
    broker = Mosquitto(tmp_path, f"acl_file {allowed}\nmax_queued_messages 100000\n").start()
    try:
        plan = plan_for(broker, 200, 0.5, devices=10, connections=3)
        outcome = drive(plan)
    finally:
        broker.stop()
    assert (outcome.sent, outcome.acknowledged, outcome.refused) == (100, 10, 90)
    assert acknowledged(outcome, plan) == set(range(0, 100, 10))


def test_a_broker_that_refuses_us_for_good_is_a_configuration_error(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, access="allow_anonymous false").start()
    try:
        plan = plan_for(broker, 100, 1)

        async def run() -> None:
            async with Fleet(plan):
                pass

        with pytest.raises(ConfigurationError, match="refuses the load's connections"):
            asyncio.run(run())
    finally:
        broker.stop()


def test_it_speaks_3_1_1_to_brokers_that_know_no_5(own_mosquitto: Mosquitto) -> None:
    own_mosquitto.start()
    plan = plan_for(own_mosquitto, 500, 0.5)
    plan = dataclasses.replace(plan, endpoint=dataclasses.replace(plan.endpoint, mqtt5=False))
    assert drive(plan).acknowledged == 250
