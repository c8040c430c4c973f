"""`urbansense up` with the broker that it starts itself: what `/readyz` and `doctor` say, and what is left of it."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.mqtt import MqttEndpoint
from tests.e2e.processes.platform import Platform, platform, wait_for_line
from tests.servers.absence import absent
from tests.servers.mosquitto import BINARY
from tests.servers.ports import free_port
from tests.servers.processes import accepts_connections, wait_until
from tests.urbansense.broker.clients import connected

pytestmark = pytest.mark.timeout(400)

START_S = 120


def checks(running: Platform) -> dict[str, bool]:
    """What `/readyz` says by check; empty while nothing answers."""
    try:
        answer = httpx.get(f"{running.settings.client_api_url}/readyz", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return {}
    return {one["name"]: one["ready"] for one in answer.json()["checks"]}


def child_of(pid: int) -> int:
    (child,) = [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and (words := _stat(folder)) and words[:2] == ["mosquitto", str(pid)]
    ]
    return child


def _stat(folder: Path) -> list[str]:
    """Name and parent of a process."""
    try:
        name, rest = (folder / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
    except OSError:
        return []
    return [name, rest.split()[1]]


def acknowledged(port: int) -> bool:
    with connected(MqttEndpoint("127.0.0.1", port), "lamp") as lamp:
        lamp.publish_and_wait("city/320582/110/streetlight/SL-1/up", "{}")
    return True


@pytest.mark.mosquitto
def test_a_mosquitto_that_dies_is_red_and_said_and_serves_again_and_leaves_with_up(tmp_path: Path) -> None:
    if BINARY is None:
        absent("mosquitto", "mosquitto is not installed (Debian: apt-get install mosquitto)")
    port = free_port()
    with platform(tmp_path, mqtt_url=f"embedded://127.0.0.1:{port}", http_port=free_port()) as running:
        up = running.service("up").start()
        wait_until(lambda: checks(running).get("MQTT broker"), START_S, "the gateway is connected", up)
        assert checks(running)["embedded broker"]
        detail = {one["check"]: one["detail"] for one in running.run_json("doctor")}
        assert "mosquitto for itself" in detail["MQTT broker"]
        assert "as a child" in detail["embedded broker"]
        os.kill(child_of(up.pid), signal.SIGKILL)
        wait_for_line(up, "the embedded broker ended; starting it again", START_S)
        wait_until(lambda: checks(running).get("MQTT broker"), START_S, "the gateway is connected again", up)
        assert acknowledged(port)
        assert up.stop() == 0
        assert not accepts_connections(port)


def test_without_a_mosquitto_amqtt_serves_and_doctor_says_what_for(tmp_path: Path) -> None:
    port = free_port()
    settings: dict[str, Any] = {"mqtt_url": f"embedded://127.0.0.1:{port}", "embedded_broker": "amqtt"}
    with platform(tmp_path, http_port=free_port(), **settings) as running:
        up = running.service("up").start()
        wait_until(lambda: checks(running).get("MQTT broker"), START_S, "the gateway is connected", up)
        assert acknowledged(port)
        detail = {one["check"]: one["detail"] for one in running.run_json("doctor")}
        assert "for trying things out" in detail["MQTT broker"]
        assert "amqtt in this process" in detail["embedded broker"]
        assert up.stop() == 0
        assert not accepts_connections(port)
