"""The broker's configuration with anonymous access off, on a real Mosquitto, and the compose file beside it."""

import csv
import re
from pathlib import Path

import pytest
import yaml

from domain.mqtt import parse_mqtt_url
from domain.topics import Topics
from ingest.gateway.settings import GatewaySettings
from tests.device_registry.credentials.clients import connected
from tests.e2e.processes.platform import platform
from tests.ingest.installation import KEY
from tests.servers.mosquitto import ADMIN_SECRET, SecuredMosquitto
from tests.servers.ports import free_port
from urbansense.configuration.settings import Settings

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "deploy/mosquitto/secured.conf"


def shipped(broker: SecuredMosquitto, folder: Path) -> None:
    """Have the broker start with the shipped file; only its port, its data folder and its user are the test's."""
    text = CONFIG.read_text().replace("/mosquitto/data", str(folder))
    text = text.replace("listener 1883", f"listener {broker.port} 127.0.0.1")
    (folder / "mosquitto.conf").write_text(f"{text}\nuser root\n")


@pytest.mark.mosquitto
def test_the_first_start_as_the_page_tells_it_lets_only_accounts_in(tmp_path: Path) -> None:
    """Accounts are made before there is a broker; their file is all that it starts from."""
    broker = SecuredMosquitto(tmp_path)
    shipped(broker, tmp_path)
    with platform(tmp_path, mqtt_url=broker.url, http_port=free_port()) as running:
        running.environment["URBANSENSE_MQTT_ADMIN_URL"] = broker.url_for("admin", "chosen-by-the-operator")
        secrets = tmp_path / "secrets.csv"
        running.run("devices", "credentials", "create", "@gateway", "--by-file", "--out", str(secrets))
        running.run("devices", "credentials", "export", str(broker.file))
    assert broker.file.stat().st_mode & 0o777 == 0o600
    (gateway,) = csv.DictReader(secrets.read_text().splitlines())
    assert gateway["secret"] not in broker.file.read_text()
    broker.start()
    try:
        with (
            connected(broker, "", "") as nobody,
            connected(broker, "admin", ADMIN_SECRET) as old_admin,
            connected(broker, "admin", "chosen-by-the-operator") as admin,
            connected(broker, gateway["username"], gateway["secret"]) as service,
        ):
            assert (nobody.refused, old_admin.refused) == ("Not authorized", "Not authorized")
            assert admin.subscribe("$SYS/broker/log/N") == "Granted QoS 1"
            assert admin.subscribe("city/#") == "Not authorized"
            for slots in (1, 3):
                gateway_settings = GatewaySettings(0, parse_mqtt_url(broker.url), Topics(), KEY, slots=slots)
                for topic_filter in gateway_settings.filters:
                    assert service.subscribe(topic_filter) == "Granted QoS 1", topic_filter
                assert service.publish(gateway_settings.clock_topic) == "Success"
                assert service.publish(gateway_settings.claim_topic) == "Success"
            assert service.publish("spBv1.0/city/NCMD/edge-1") == "Success"
            assert service.publish("spBv1.0/city/DCMD/edge-1/lamp-1") == "Not authorized"
            assert service.publish("city/a/streetlight/SL-1/up") == "Not authorized"
    finally:
        broker.stop()


def test_the_compose_file_gives_the_services_their_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    services = yaml.safe_load((ROOT / "deploy/compose.secured.yaml").read_text())["services"]
    assert set(services) <= set(yaml.safe_load((ROOT / "compose.yaml").read_text())["services"])
    for name in ("gateway", "api"):
        for key, value in services[name]["environment"].items():
            monkeypatch.setenv(key, re.sub(r"\$\{\w+:\?[^}]*\}", "secret", value))
    settings = Settings()
    assert settings.mqtt_admin_url is not None
    assert "secret" not in repr(settings.mqtt_admin_url)


def test_it_says_of_queues_and_persistence_what_the_open_broker_says() -> None:
    def lines(path: Path) -> dict[str, str]:
        told = (line.split(None, 1) for line in path.read_text().splitlines() if line and line[0] != "#")
        return {name: value for name, value in told if not name.startswith(("log_", "plugin", "allow_anonymous"))}

    assert lines(CONFIG) == lines(ROOT / "deploy/mosquitto/mosquitto.conf")
