"""Kill -9 while a gateway receives what is queued under its former client id."""

import asyncio
import re
import time
from pathlib import Path

import httpx
import orjson
import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from domain.devices import Device
from domain.dialects import UPLINK_FILTERS
from domain.mqtt import parse_mqtt_url
from domain.topics import is_tick
from simulators.city.devices_file import devices_csv
from simulators.dialects.reports import MqttMessage
from simulators.publish.connection import PublishCounts, Publisher
from streams.reading.tables import read_to_end
from streams.sqlite.log import SQLiteLog
from tests.e2e.processes.platform import Platform, platform
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import wait_until

pytestmark = [pytest.mark.mosquitto, pytest.mark.long, pytest.mark.timeout(400)]

LAMPS = [Device(f"SL-{n}", "streetlight", "streetlight", area="320582") for n in range(5)]
MESSAGES = 1_500


def leave_a_session(broker: Mosquitto, client_id: str) -> None:
    """As a gateway of an earlier release does that was stopped: the broker queues for it."""
    subscribed: list[object] = []
    client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)

    def subscribe(*_: object) -> None:
        client.subscribe([(one, 1) for one in UPLINK_FILTERS])

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: subscribed.append(True)
    for_ever = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    for_ever.SessionExpiryInterval = 0xFFFFFFFF
    client.connect("127.0.0.1", broker.port, clean_start=False, properties=for_ever)
    client.loop_start()
    wait_until(lambda: subscribed, 10, "subscribed")
    client.disconnect()
    client.loop_stop()


async def publish(broker: Mosquitto) -> PublishCounts:
    counts, now_ms = PublishCounts(), int(time.time() * 1000)
    async with Publisher(parse_mqtt_url(broker.url), "devices") as publisher:
        for n in range(MESSAGES):
            report = {"ts": now_ms - MESSAGES + n, "seq": n, "readings": {"active_power": 96.5}}
            message = MqttMessage(f"city/320582/streetlight/SL-{n % 5}/up", orjson.dumps(report))
            await publisher.publish(message, counts)
        await publisher.drain()
    return counts


async def sequence_numbers(running: Platform) -> list[int]:
    log = SQLiteLog(running.settings.data_dir / "log.sqlite")
    try:
        records = [one async for one in read_to_end(log, [running.settings.topics.telemetry("streetlight")])]
    finally:
        await log.close()
    return [int(orjson.loads(one.value or b"")["message_id"]) for one in records if not is_tick(one.headers)]


def metric(running: Platform, name: str) -> float:
    try:
        text = httpx.get(f"{running.settings.client_api_url}/metrics", timeout=2, trust_env=False).text
    except httpx.HTTPError:
        return -1
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else -1


def test_every_message_of_the_old_queue_arrives_over_kill_9(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    own_mosquitto.start()
    acknowledged = 'urbansense_gateway_messages_total{step="acknowledged"}'
    with platform(tmp_path, mqtt_url=own_mosquitto.url, http_port=free_port(), receive_maximum=1) as running:
        (tmp_path / "devices.csv").write_text(devices_csv(LAMPS))
        running.run("devices", "import", str(tmp_path / "devices.csv"))
        leave_a_session(own_mosquitto, "urbansense-0")
        counts = asyncio.run(publish(own_mosquitto))
        assert (counts.acknowledged, counts.unheard) == (MESSAGES, 0)
        record = running.settings.data_dir / "urbansense-0.client-id"
        up = running.service("up").start()
        wait_until(lambda: metric(running, acknowledged) > 0, 120, "some are acknowledged", up)
        up.kill()
        assert not record.exists(), "the queue was received before the kill: it was too short"
        up = running.service("up").start()
        wait_until(record.exists, 120, "the old session is emptied", up)
        assert record.stat().st_mode & 0o777 == 0o600
        wait_until(lambda: metric(running, "urbansense_gateway_former_sessions") == 0, 20, "none is left", up)
        assert up.stop() == 0, up.tail()
        received = asyncio.run(sequence_numbers(running))
    assert set(received) == set(range(MESSAGES))
    assert len(received) - MESSAGES <= 5, "only what was in flight at the kill comes twice"
