"""A thief with a device's account, and a stranger without one on an open broker: neither takes the gateway's session."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device_registry.credentials.broker_file import broker_file
from device_registry.credentials.credential import Issued
from device_registry.credentials.secrets import hash_secret
from device_registry.credentials.store import CredentialStore
from device_registry.storage.registry import Registry
from domain.devices import Device
from domain.mqtt import parse_mqtt_url
from ingest.gateway.settings import GatewaySettings
from tests.device_registry.credentials.clients import connected
from tests.e2e.processes.platform import Platform, answers, log_lines, platform, wait_for_line
from tests.servers.mosquitto import ADMIN_SECRET, Mosquitto, SecuredMosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until
from tests.urbansense.deployment.test_secured import shipped
from urbansense.configuration.installation import installation_key

pytestmark = pytest.mark.mosquitto

LAMPS = [Device(f"SL-{n}", "streetlight", "streetlight", area="320582") for n in (1, 2)]
TOPIC = "city/320582/streetlight/{}/up"
LOST = "lost the MQTT broker; reconnecting"


class Stranger:
    """Whoever reaches the port: takes whatever session the broker gives, and keeps what it is sent."""

    def __init__(self, broker: Mosquitto, client_id: str, username: str = "", secret: str = "") -> None:
        self.received: list[tuple[str, bytes]] = []
        self.answer = ""
        self._done = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5, reconnect_on_failure=False)
        if username:
            self._client.username_pw_set(username, secret)
        self._client.on_connect = self._on_connect
        self._client.on_message = lambda _client, _data, one: self.received.append((one.topic, bytes(one.payload)))
        self._client.on_subscribe = lambda *_: self._done.set()
        for_ever = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        for_ever.SessionExpiryInterval = 0xFFFFFFFF
        self._client.connect("127.0.0.1", broker.port, clean_start=False, properties=for_ever)
        self._client.loop_start()
        assert self._done.wait(10), "no answer"

    def _on_connect(self, client: Client, data: object, flags: Any, reason: Any, properties: object) -> None:
        self.answer = str(reason)
        self.session_present = bool(flags.session_present)
        if reason.is_failure:
            self._done.set()
        else:
            client.subscribe([(one, 1) for one in ("#", "$SYS/#", "$share/urbansense/city/#")])

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def stranger(broker: Mosquitto, client_id: str, username: str = "", secret: str = "") -> Iterator[Stranger]:
    one = Stranger(broker, client_id, username, secret)
    try:
        yield one
    finally:
        one.close()


def furnish(running: Platform, broker: Mosquitto) -> list[Issued]:
    """Two lamps, and on a secured broker accounts: of the gateway, of SL-1, and of SL-2 bound to its client id."""
    running.settings.data_dir.mkdir(mode=0o700)
    registry = Registry(running.settings.registry_url)
    registry.upsert_devices(LAMPS, now_ms=int(time.time() * 1000))
    store, issued = CredentialStore(registry), []
    if isinstance(broker, SecuredMosquitto):
        issued = store.issue(["@gateway", "SL-1", "SL-2"], now_ms=0, client_ids={"SL-2": "lamp-SL-2"})
        standing = store.standing(0)
        admin = ("admin", hash_secret(ADMIN_SECRET))
        broker.file.write_bytes(broker_file(standing.accounts, standing.hashes, admin))
    registry.close()
    return issued


def report(power: float) -> bytes:
    return b'{"ts":%d,"readings":{"active_power":%.1f}}' % (int(time.time() * 1000), power)


def serves(running: Platform) -> bool:
    """Whether the API answers, and no former session is left to look for."""
    is_settled = (running.settings.data_dir / "urbansense-0.client-id").exists()
    return is_settled and answers(f"{running.settings.client_api_url}/healthz")


def stored(running: Platform, device: str) -> Any:
    answer = httpx.get(f"{running.settings.client_api_url}/api/v1/devices/{device}", trust_env=False)
    return answer.raise_for_status().json()["latest"].get("active_power", {}).get("value")


def secret_client_id(running: Platform) -> str:
    settings = running.settings
    endpoint = parse_mqtt_url(settings.mqtt_url)
    return GatewaySettings(settings.gateway_slot, endpoint, settings.topics, installation_key(settings)).client_id


def losses(up: Process) -> int:
    return sum(line["event"] == LOST for line in log_lines(up))


def test_a_thief_with_a_devices_account_takes_neither_session_nor_reports(tmp_path: Path) -> None:
    """On the configuration as it is shipped. The lamp SL-2 is bound to its client id, the lamp SL-1 is not."""
    broker = SecuredMosquitto(tmp_path)
    shipped(broker, tmp_path)
    with platform(tmp_path, mqtt_url=broker.url, http_port=free_port()) as running:
        gateway, lamp, bound = furnish(running, broker)
        running.environment["URBANSENSE_MQTT_URL"] = broker.url_for(gateway.username, gateway.secret)
        broker.start()
        try:
            up = running.service("up").start()
            wait_until(lambda: serves(running), 90, "the slot serves", up)
            with connected(broker, lamp.username, lamp.secret) as honest:
                assert honest.publish(TOPIC.format("SL-1"), report(96.0)) == "Success"
                wait_until(lambda: stored(running, "SL-1") == 96.0, 20, "the report is stored", up)
                for guess in ("urbansense-0", "urbansense", "urbansense-0-", "urbansense/slot/urbansense-0"):
                    with stranger(broker, guess, lamp.username, lamp.secret) as thief:
                        assert (thief.answer, thief.session_present) == ("Success", False)
                        assert honest.publish(TOPIC.format("SL-1"), report(97.0)) == "Success"
                        assert thief.received == []
                    with stranger(broker, guess, bound.username, bound.secret) as thief:
                        assert thief.answer == "Not authorized"
                for topic in ("urbansense/slot/urbansense-0", "urbansense/clock/0", "urbansense/slot/urbansense-0.end"):
                    assert honest.publish(topic, b"9" * 20) == "Not authorized"
                with stranger(broker, secret_client_id(running), bound.username, bound.secret) as thief:
                    assert thief.answer == "Not authorized"  # were it known, a bound account could not use it
                assert honest.publish(TOPIC.format("SL-1"), report(98.0)) == "Success"
                wait_until(lambda: stored(running, "SL-1") == 98.0, 20, "the last report is stored", up)
            assert losses(up) == 0
            assert secret_client_id(running) not in up.log.read_text()
            assert up.stop() == 0, up.tail()
        finally:
            broker.stop()


def test_a_stranger_on_an_open_broker_learns_no_client_id_and_takes_no_session(
    own_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    own_mosquitto.start()
    with platform(tmp_path, mqtt_url=own_mosquitto.url, http_port=free_port()) as running:
        with stranger(own_mosquitto, "stranger") as listener:
            furnish(running, own_mosquitto)
            up = running.service("up").start()
            wait_until(lambda: serves(running), 90, "the slot serves", up)
            client_id = secret_client_id(running)
            wait_until(
                lambda: any(topic == "urbansense/slot/urbansense-0" for topic, _ in listener.received),
                20,
                "a claim",
                up,
            )
            numbers = re.compile("[$]SYS/broker/(?!log)")
            said = [(topic, payload) for topic, payload in listener.received if not numbers.match(topic)]
            learnt = b"\n".join(topic.encode() + b" " + payload for topic, payload in said)
            for guess in {"urbansense-0", *re.findall(r"[\w.-]{6,}", learnt.decode(errors="replace"))}:
                with stranger(own_mosquitto, guess) as thief:
                    assert thief.session_present is False, guess
            api = running.settings.client_api_url
            shown = [httpx.get(f"{api}{path}", trust_env=False).text for path in ("/readyz", "/metrics")]
            doctor = running.run("doctor")
            for where in (learnt.decode(errors="replace"), *shown, doctor.stdout, doctor.stderr, up.log.read_text()):
                assert client_id not in where
                assert client_id.removeprefix("urbansense-0-") not in where
            assert losses(up) == 0
            with stranger(own_mosquitto, client_id) as thief:  # the control: with the id it would work
                assert thief.session_present is True
        wait_for_line(up, LOST)
        assert up.stop() == 0, up.tail()
