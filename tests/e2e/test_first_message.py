"""The first message of a city: one `mosquitto_pub`, and where it can be seen."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from domain.devices import Device
from simulators.city.devices_file import devices_csv
from tests.e2e.processes.platform import Platform, log_lines, platform, wait_for_line
from tests.servers.absence import absent
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import wait_until

pytestmark = pytest.mark.mosquitto

LAMP = Device("SL-320582-000123", "streetlight", "streetlight", name="Lamp 123", area="320582/110/152/102")
TOPIC = f"city/320582-110/streetlight/{LAMP.device_id}/up"
READINGS = {"active_power": 96.2, "voltage": 1229.1, "dimming_level": 80.0}
"""The voltage is no voltage: it stays and is marked."""


def tool(name: str, server: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        absent(server, f"{name} is not installed (Debian: apt-get install {package})")
    return path


def publish(broker: Mosquitto, topic: str, message: dict[str, Any]) -> None:
    """One message at QoS 1 by Mosquitto's own client."""
    client = tool("mosquitto_pub", "mosquitto", "mosquitto-clients")
    content = orjson.dumps(message).decode()
    command = [client, "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-m", content]
    subprocess.run(command, check=True, timeout=20)


def register_lamp(running: Platform) -> None:
    (running.folder / "devices.csv").write_text(devices_csv([LAMP]))
    running.run("devices", "import", str(running.folder / "devices.csv"))


def test_a_message_is_seen_by_the_command_and_through_the_api(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The broker comes up after `up`, which says once that it waits."""
    with platform(tmp_path, mqtt_url=own_mosquitto.url, http_port=free_port()) as running:
        up = running.service("up").start()
        wait_for_line(up, "MQTT broker does not answer; waiting for it")
        register_lamp(running)
        own_mosquitto.start()
        wait_for_line(up, "connected to the MQTT broker")
        said = [line for line in log_lines(up) if line["event"] == "MQTT broker does not answer; waiting for it"]
        assert [line["broker"] for line in said] == [own_mosquitto.url.removeprefix("mqtt://")]

        observed_at_ms = int(time.time() * 1000) - 1500
        publish(own_mosquitto, TOPIC, {"ts": observed_at_ms, "seq": 41, "readings": READINGS})
        api = f"{running.settings.client_api_url}/api/v1/devices/{LAMP.device_id}"

        def shown() -> Any:
            return httpx.get(api, trust_env=False).raise_for_status().json()["latest"]

        wait_until(shown, 20, "the device has readings", up)
        assert {name: (told["value"], told["observed_at_ms"], told["quality"]) for name, told in shown().items()} == {
            "active_power": (96.2, observed_at_ms, None),
            "voltage": (1229.1, observed_at_ms, "bad"),
            "dimming_level": (80.0, observed_at_ms, None),
        }
        telemetry = httpx.get(f"{api}/telemetry", trust_env=False).raise_for_status().json()["items"]
        assert {(item["quantity"], item["value"]) for item in telemetry} == set(READINGS.items())
        assert running.run_json("devices", "show", LAMP.device_id)["latest"] == shown()
        page = running.run("devices", "show", LAMP.device_id).stdout
        for word in ("Lamp 123", "active_power", "96.2", "W", "1229.1", "bad", "dimming_level", "80"):
            assert word in page
        assert up.stop() == 0, up.tail()


@pytest.mark.kafka
def test_on_kafka_kcat_shows_the_record_of_the_contract(
    own_mosquitto: Mosquitto, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    own_mosquitto.start()
    kcat = [tool("kcat", "kafka", "kcat"), "-b", kafka_bootstrap, "-C", "-e", "-q", "-o", "beginning", "-J"]

    def records(topic: str) -> list[dict[str, Any]]:
        done = subprocess.run([*kcat, "-t", topic_prefix + topic], capture_output=True, check=True, timeout=30)
        told = [orjson.loads(line) for line in done.stdout.splitlines()]
        return [record for record in told if "tick" not in record["headers"]]

    log_url = f"kafka://{kafka_bootstrap}"
    with platform(tmp_path, mqtt_url=own_mosquitto.url, log_url=log_url, topic_prefix=topic_prefix) as running:
        register_lamp(running)
        gateway = running.service("gateway").start()
        wait_for_line(gateway, "connected to the MQTT broker")
        sent_at_ms = int(time.time() * 1000)
        publish(own_mosquitto, TOPIC, {"ts": sent_at_ms - 1500, "seq": 41, "readings": READINGS})
        publish(own_mosquitto, TOPIC.replace("123/up", "999/up"), {"readings": READINGS})
        wait_until(lambda: records("telemetry.rejected"), 20, "the second message is rejected", gateway)
        (record,) = records("telemetry.streetlight")
        assert gateway.stop() == 0, gateway.tail()
    assert record["key"] == LAMP.device_id
    assert record["headers"] == ["schema", "telemetry/1"]
    payload = orjson.loads(record["payload"])
    assert sent_at_ms <= payload.pop("received_at_ms") <= int(time.time() * 1000)
    assert payload == {
        "device_id": LAMP.device_id,
        "kind": "streetlight",
        "observed_at_ms": sent_at_ms - 1500,
        "message_id": "41",
        "codec": "json",
        "readings": READINGS,
        "quality": {"voltage": "bad"},
        "area": LAMP.area,
    }
    (rejected,) = records("telemetry.rejected")
    assert orjson.loads(rejected["payload"])["reason"] == "unknown_device"
