"""The platform and its devices on a broker that lets nobody in without a credential."""

import asyncio
import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from device_registry.credentials.broker_control import BrokerControl
from device_registry.credentials.credential import Issued
from device_registry.credentials.service import CredentialService
from device_registry.credentials.store import CredentialStore
from device_registry.storage.registry import Registry
from domain.devices import Device
from domain.mqtt import parse_mqtt_url
from tests.device_registry.credentials.clients import connected
from tests.e2e.processes.platform import Platform, answers, platform, wait_for_line
from tests.servers.mosquitto import SecuredMosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until

pytestmark = pytest.mark.mosquitto

LAMPS = [Device(f"SL-{n}", "streetlight", "streetlight", area="320582") for n in (1, 2)]
TOPIC = "city/320582/streetlight/{}/up"


@pytest.fixture
def city(secured_mosquitto: SecuredMosquitto, tmp_path: Path) -> Iterator[tuple[Platform, Process, Issued]]:
    """`up` under an account of its own, two lamps registered, and an account that speaks for every device."""
    with platform(tmp_path, mqtt_url=secured_mosquitto.url, http_port=free_port()) as made:
        gateway, simulator = asyncio.run(_furnish(made, secured_mosquitto))
        made.environment["URBANSENSE_MQTT_ADMIN_URL"] = secured_mosquitto.admin_url
        made.environment["URBANSENSE_MQTT_URL"] = secured_mosquitto.url_for(gateway.username, gateway.secret)
        up = made.service("up").start()
        wait_for_line(up, "connected to the MQTT broker")
        wait_until(lambda: answers(f"{made.settings.client_api_url}/healthz"), 20, "the API answers", up)
        yield made, up, simulator
        assert up.stop() == 0, up.tail()


async def _furnish(running: Platform, broker: SecuredMosquitto) -> list[Issued]:
    running.settings.data_dir.mkdir()
    registry = Registry(running.settings.registry_url)
    now_ms = int(time.time() * 1000)
    registry.upsert_devices(LAMPS, now_ms=now_ms)
    control = BrokerControl(parse_mqtt_url(broker.admin_url), "furnishing")
    issued = await CredentialService(CredentialStore(registry), control, lambda: now_ms).issue(
        ["@gateway", "@simulator"], author="li"
    )
    control.close()
    registry.close()
    return issued


def secrets_of(running: Platform, command: str, name: str, *more: str) -> list[dict[str, str]]:
    """The credentials that a command has written to its file."""
    path = running.folder / name
    running.run("devices", "credentials", command, *more, "--out", str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    return list(csv.DictReader(path.read_text().splitlines()))


def asked(running: Platform) -> Callable[[str], Any]:
    def ask(path: str) -> Any:
        url = f"{running.settings.client_api_url}/api/v1/{path}"
        return httpx.get(url, trust_env=False).raise_for_status().json()

    return ask


def message(power: float) -> bytes:
    return b'{"ts":%d,"readings":{"active_power":%.1f}}' % (int(time.time() * 1000), power)


def test_a_city_runs_with_anonymous_access_off(
    city: tuple[Platform, Process, Issued], secured_mosquitto: SecuredMosquitto
) -> None:
    """Reports arrive, nobody speaks for another, a use is seen, a rotation ends by use, and a revoked device is cut off."""
    running, up, _ = city
    ask = asked(running)
    wait_until(lambda: ask("devices/statistics")["heard_last_hour"] is not None, 20, "the clock ticks", up)
    assert "refused a subscription" not in up.log.read_text()
    first, _second = secrets_of(running, "create", "lamps.csv", "SL-1", "SL-2")

    with connected(secured_mosquitto, first["username"], first["secret"]) as lamp:
        assert lamp.publish(TOPIC.format("SL-2"), message(1.0)) == "Not authorized"
        assert lamp.publish(TOPIC.format("SL-1"), message(96.2)) == "Success"
        wait_until(lambda: ask("devices/SL-1")["latest"], 20, "the lamp has readings", up)
        assert ask("devices/SL-2")["latest"] == {}
        credentials = "credentials?holder=SL-1"
        wait_until(lambda: ask(credentials)["items"][0]["last_used_at_ms"], 20, "the use is seen", up)
        (new,) = secrets_of(running, "rotate", "new.csv", "SL-1", "--until-used")
        assert [one["state"] for one in ask(credentials)["items"]] == ["active", "active"]
        assert lamp.cut_off is None
        with connected(secured_mosquitto, new["username"], new["secret"]) as renewed:
            wait_until(lambda: lamp.cut_off, 20, "the old login ends once the new one is used", up)
            assert renewed.publish(TOPIC.format("SL-1"), message(97.0)) == "Success"
            running.run("devices", "credentials", "revoke", "SL-1")
            wait_until(lambda: renewed.cut_off, 10, "the live connection is closed", up)
    for login in (first, new):
        with connected(secured_mosquitto, login["username"], login["secret"]) as lamp:
            assert lamp.refused == "Not authorized"

    history = ask("credentials/history?holder=SL-1")["items"]
    assert [change["action"] for change in history].count("created") == 2
    files = [up.log, *Path(running.settings.data_dir).glob("registry.db*")]
    kept = b"".join(path.read_bytes() for path in files) + str(history).encode()
    assert b"SL-1" in kept
    assert not any(login["secret"].encode() in kept for login in (first, new))


def test_an_unknown_device_waits_until_it_is_accepted(
    city: tuple[Platform, Process, Issued], secured_mosquitto: SecuredMosquitto
) -> None:
    """The simulator's account may speak for any device, and do nothing else."""
    running, up, simulator = city
    ask = asked(running)

    def waiting() -> list[str]:
        return [one["name"] for one in ask("pending-devices")["items"]]

    with connected(secured_mosquitto, simulator.username, simulator.secret) as driver:
        assert driver.publish("$CONTROL/dynamic-security/v1") == "Not authorized"
        assert driver.subscribe("city/#") == "Not authorized"
        for name in ("SL-7", "SL-8"):
            assert driver.publish(TOPIC.format(name), message(77.5)) == "Success"
        wait_until(lambda: waiting() == ["SL-7", "SL-8"], 20, "both are waiting", up)
        refused = f"{running.settings.client_api_url}/api/v1/pending-devices/SL-8/refuse"
        httpx.post(refused, trust_env=False).raise_for_status()
        (seen,) = ask("pending-devices")["items"]
        assert (seen["name"], seen["kind"], seen["reports"]) == ("SL-7", "streetlight", 1)
        done = running.run_json("devices", "pending", "accept", "SL-7", "--area", "320582", "--by", "li")
        assert done == {"device_id": "SL-7", "kind": "streetlight", "replayed": 1, "accepted": 1, "problems": []}
        wait_until(lambda: ask("devices/SL-7")["latest"], 20, "its first report is stored", up)
        assert ask("devices/SL-7")["latest"]["active_power"]["value"] == 77.5
        assert ask("devices/SL-7/history")["items"][0]["author"] == "li"
        for name in ("SL-8", "SL-9"):
            assert driver.publish(TOPIC.format(name), message(1.0)) == "Success"
        wait_until(lambda: waiting() == ["SL-9"], 20, "the next one waits alone", up)
    assert [one["name"] for one in ask("pending-devices?refused=true")["items"]] == ["SL-8"]
