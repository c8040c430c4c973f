"""Which broker is started, where, and what is said where it cannot be."""

import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.errors import ConfigurationError, TransientFault
from tests.servers.ports import free_port
from tests.urbansense.broker.clients import connected
from tests.urbansense.broker.conftest import opened, settings_for
from urbansense.broker.embedded import describe_broker, open_broker
from urbansense.configuration.settings import Settings

PROGRAM = "#!/bin/sh\necho 'Error: this build is broken' >&2\nexit 3\n"


@pytest.fixture
def broken_mosquitto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes first on the PATH under that name ends with an error."""
    program = tmp_path / "bin" / "mosquitto"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


def no_mosquitto(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("urbansense.broker.embedded._SYSTEM_FOLDERS", ())


@pytest.mark.mosquitto
async def test_a_mosquitto_of_this_machine_is_taken_and_serves_mqtt_5(tmp_path: Path) -> None:
    settings = settings_for("auto", tmp_path)
    async with open_broker(settings) as broker:
        assert broker.endpoint.mqtt5
        assert "Mosquitto" in await broker.check()
    assert "mosquitto for itself" in describe_broker(settings)


async def test_without_one_amqtt_serves_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_mosquitto(monkeypatch, tmp_path)
    settings = Settings(mqtt_url=f"embedded://127.0.0.1:{free_port()}", data_dir=tmp_path)
    async with open_broker(settings) as broker:
        assert not broker.endpoint.mqtt5
        assert "amqtt" in await broker.check()
    assert "no Mosquitto" in describe_broker(settings)


async def test_whoever_insists_on_mosquitto_gets_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_mosquitto(monkeypatch, tmp_path)
    settings = Settings(mqtt_url="embedded://127.0.0.1", data_dir=tmp_path, embedded_broker="mosquitto")
    with pytest.raises(ConfigurationError, match="URBANSENSE_EMBEDDED_BROKER=mosquitto"):
        describe_broker(settings)
    with pytest.raises(ConfigurationError, match="URBANSENSE_EMBEDDED_BROKER=mosquitto"):
        async with open_broker(settings):
            pass


@pytest.mark.usefixtures("broken_mosquitto")
async def test_a_mosquitto_that_does_not_start_is_an_error_and_amqtt_serves(tmp_path: Path) -> None:
    settings = Settings(mqtt_url=f"embedded://127.0.0.1:{free_port()}", data_dir=tmp_path)
    with capture_logs() as lines:
        async with open_broker(settings) as broker:
            assert not broker.endpoint.mqtt5
    (line,) = [one for one in lines if one["log_level"] == "error"]
    assert "this build is broken" in line["error"]
    with pytest.raises(ConfigurationError, match="this build is broken"):
        async with open_broker(settings.model_copy(update={"embedded_broker": "mosquitto"})):
            pass


async def test_amqtt_is_not_well_where_a_mosquitto_has_left_its_queue(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "mosquitto.db").write_bytes(b"a queue")
    async with open_broker(settings_for("amqtt", tmp_path)) as broker:
        with pytest.raises(TransientFault, match=r"mosquitto\.db"):
            await broker.check()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "broker.example"])
async def test_it_listens_on_loopback_only(host: str, tmp_path: Path) -> None:
    settings = Settings(mqtt_url=f"embedded://{host}", data_dir=tmp_path)
    for opening in (open_broker(settings).__aenter__, lambda: describe_broker(settings)):
        with pytest.raises(ConfigurationError, match="loopback only"):
            await opening()  # type: ignore[misc]


async def test_an_account_in_its_url_is_refused_since_it_would_protect_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="knows no accounts"):
        async with open_broker(Settings(mqtt_url="embedded://me:secret@127.0.0.1", data_dir=tmp_path)):
            pass


def test_a_taken_port_is_passed_over_and_the_broker_listens_on_the_next(choice: str, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", free_port()))
        holder.listen()
        taken = holder.getsockname()[1]
        with opened(settings_for(choice, tmp_path, taken)) as broker, connected(broker.endpoint, "lamp") as lamp:
            assert broker.endpoint.port > taken
            lamp.publish_and_wait("lamps/1", "on")


def test_it_listens_on_ipv6_where_that_is_asked_for(choice: str, tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    settings = settings_for(choice, tmp_path).model_copy(update={"mqtt_url": f"embedded://[::1]:{free_port()}"})
    with opened(settings) as broker, connected(broker.endpoint, "lamp") as lamp:
        lamp.publish_and_wait("lamps/1", "on")
