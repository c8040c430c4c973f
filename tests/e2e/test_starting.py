"""What a process says before it works: of wrong settings, embedded parts, a taken port, servers that are away."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.processes.platform import answers, platform, wait_for_line
from tests.servers.ports import free_port
from tests.servers.processes import wait_until
from urbansense.configuration.settings import PREFIX


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A port that somebody else has; it tells whether anyone connected."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server


def test_wrong_settings_are_all_named_before_anything_connects(tmp_path: Path) -> None:
    with listening() as server, platform(tmp_path) as running:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        running.environment |= {
            "URBANSENSE_MQTT_URL": f"mqtt://{address}",
            "URBANSENSE_LOG_URL": f"kafka://{address}",
            "URBANSENSE_STORE_URL": f"influxdb://{address}/city/telemetry",
            "URBANSENSE_PARTITIONS": "none",
            "URBANSENSE_CLOCK": "sundial",
            "URBANSENSE_TIMEZONE": "Mars/Olympus",
            "URBANSENSE_MQTTT_URL": "a slip of the finger",
        }
        done = running.run("up", check=False)
        assert done.returncode == 2
        complaints = "".join(done.stderr.split())
        for name in ("STORE_TOKEN", "PARTITIONS", "CLOCK", "TIMEZONE", "MQTTT_URL"):
            assert f"error:{PREFIX}{name}" in complaints
        assert "Traceback" not in done.stderr
        with pytest.raises(BlockingIOError):
            server.accept()
        assert not running.settings.data_dir.exists()


@pytest.mark.parametrize(
    ("service", "parts"),
    [
        ("gateway", {"MQTT_URL", "LOG_URL"}),
        ("recorder", {"LOG_URL", "STORE_URL"}),
    ],
)
def test_a_service_alone_refuses_the_embedded_parts_it_stands_on(service: str, parts: set[str], tmp_path: Path) -> None:
    with platform(tmp_path) as running:
        done = running.run(service, check=False)
    assert done.returncode == 2
    named = {name for name in ("MQTT_URL", "LOG_URL", "STORE_URL") if PREFIX + name in done.stderr}
    assert named == parts


@pytest.mark.long
def test_a_taken_http_port_is_named_and_another_one_used_and_commands_can_be_told_which(tmp_path: Path) -> None:
    with listening() as server:
        taken = server.getsockname()[1]
        with platform(tmp_path, mqtt_url=f"embedded://127.0.0.1:{free_port()}", http_port=taken) as running:
            up = running.service("up").start()
            told = wait_for_line(up, "web.port_taken")
            page = wait_for_line(up, "the live page and the API answer")["page"]
            assert told["port"] == taken
            assert page == f"http://127.0.0.1:{told['used']}/"
            assert told["used"] != taken
            assert answers(f"{page}api/v1/ledger")
            lost = running.run("ledger", check=False)
            assert lost.returncode == 2
            assert "URBANSENSE_API_URL" in lost.stderr
            running.environment["URBANSENSE_API_URL"] = page
            assert running.run_json("ledger")["store_balances"]
            assert up.stop() == 0, up.tail()


@pytest.mark.parametrize(
    ("service", "away", "line"),
    [
        ("gateway", "log_url", "Kafka does not answer, waiting for it"),
        ("up", "store_url", '"check": "store"'),
    ],
)
def test_a_server_that_is_away_is_waited_for_with_one_line_until_told_to_stop(
    service: str, away: str, line: str, tmp_path: Path
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    urls = {"log_url": f"kafka://{nobody}", "store_url": f"influxdb://{nobody}/city/telemetry"}
    settings = {away: urls[away], "mqtt_url": f"mqtt://{nobody}", "store_token": "secret"}
    with platform(tmp_path, **settings) as running:
        process = running.service(service).start()
        wait_until(lambda: line in process.log.read_text(), 60, f"a line with {line}", process)
        assert process.running
        assert process.stop() == 0, process.tail()
        assert process.log.read_text().count(line) == 1
