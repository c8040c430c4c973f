"""compose.yaml, its broker's configuration and the Dockerfile agree with the settings and commands of the code."""

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from urbansense.commands.cli import app
from urbansense.configuration.settings import PREFIX, Settings, load_settings

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("build") == "."}
ENV = dict(
    line.split("=", 1) for line in (ROOT / "deploy/example.env").read_text().splitlines() if line and line[0] != "#"
)


def resolved(value: object) -> str:
    """The value as compose passes it on, with the variables of the example environment."""
    return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: ENV[found[1]], str(value))


def test_every_service_of_ours_is_deployed() -> None:
    assert set(OURS) == {"gateway", "recorder", "rules-worker", "correlator", "desk", "api"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_with_settings_that_the_code_takes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = OURS[name]
    (command,) = service["command"]
    assert command in get_command(app).commands  # type: ignore[attr-defined]
    for key, value in service["environment"].items():
        monkeypatch.setenv(key, resolved(value))
    settings = load_settings()
    assert settings.embedded_parts() == ()
    assert settings.registry_url.startswith("postgresql+psycopg://")


def test_no_two_services_share_a_port_of_the_host() -> None:
    ports = [service["environment"][f"{PREFIX}HTTP_PORT"] for service in OURS.values()]
    assert len(set(ports)) == len(ports)
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published), "everything listens on loopback until login exists"


def test_the_settings_name_the_servers_that_compose_starts() -> None:
    environment = OURS["gateway"]["environment"]
    published = {port.split(":")[1] for s in COMPOSE["services"].values() for port in s.get("ports", [])}
    for key in ("MQTT_URL", "LOG_URL", "STORE_URL", "DATABASE_URL"):
        port = re.search(r"127\.0\.0\.1:(\d+)", environment[PREFIX + key])
        assert port is not None
        assert port[1] in published
    influx = COMPOSE["services"]["influxdb"]["environment"]
    org, bucket = influx["DOCKER_INFLUXDB_INIT_ORG"], influx["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert environment[f"{PREFIX}STORE_URL"].endswith(f"/{org}/{bucket}")


def test_every_service_has_a_health_check() -> None:
    for name, service in COMPOSE["services"].items():
        assert "healthcheck" in service, name
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER urbansense$", (ROOT / "Dockerfile").read_text(), re.M)


def test_the_broker_keeps_its_queue_and_lets_our_limits_decide() -> None:
    config = dict(
        line.split(None, 1)
        for line in (ROOT / "deploy/mosquitto/mosquitto.conf").read_text().splitlines()
        if line and line[0] != "#"
    )
    assert config["persistence"] == "true"
    assert int(config["autosave_interval"]) <= 10
    assert int(config["max_queued_messages"]) >= 100_000
    assert config["max_inflight_messages"] == "0"
    assert int(config["message_size_limit"]) > 1 << 20


def test_every_setting_that_the_readme_names_exists() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+[A-Z])", (ROOT / "README.md").read_text()))
    named = {name for name in named if not name.startswith("TEST_")}
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}
