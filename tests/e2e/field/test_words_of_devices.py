"""Texts, words and seconds, as devices in the field send them: refused with the remedy, then read by a profile."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.devices import Device
from tests.e2e.processes.platform import platform, wait_for_line
from tests.e2e.test_first_message import publish
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import wait_until

pytestmark = pytest.mark.mosquitto

DEVICE = Device("WM-1", "water_monitor", "station")
TOPIC = "city/320582/water_monitor/WM-1/up"
TABLES = """\
quantities:
  pm2_5: {en: Fine particles, zh: 细颗粒物, unit: ug/m3, range: [0, 1000]}
  valve_open: {en: Valve open, zh: 阀门开启, boolean: true}
"""
RULES = """\
rule: smog
kind: water_monitor
when: reading.pm2_5 > 100 && reading.valve_open
"""
PROFILE: dict[str, Any] = {
    "kind": "water_monitor",
    "time": "s",
    "ignore": ["*"],
    "fields": [
        {"source": "PM", "quantity": "pm2_5", "unit": "mg/m3", "text": True},
        {"source": "valve", "quantity": "valve_open", "unit": "1", "values": {"ON": True, "OFF": False}},
    ],
}


def test_what_was_refused_with_a_remedy_is_read_once_the_profile_has_it(
    own_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    tables = tmp_path / "city.yaml"
    tables.write_text(TABLES, encoding="utf-8")
    own_mosquitto.start()
    with platform(tmp_path, mqtt_url=own_mosquitto.url, http_port=free_port(), city_tables=tables) as running:
        up = running.service("up").start()
        wait_for_line(up, "connected to the MQTT broker")
        base = running.settings.client_api_url

        def get(path: str) -> Any:
            return httpx.get(f"{base}{path}", trust_env=False).raise_for_status().json()

        def put(profile: dict[str, Any]) -> httpx.Response:
            return httpx.put(f"{base}/api/v1/profiles/station", json=profile, trust_env=False)

        def send() -> int:
            now_s = int(time.time())
            publish(own_mosquitto, TOPIC, {"ts": now_s, "readings": {"PM": "0.150", "valve": "ON", "fw": "1.2"}})
            return now_s * 1000

        put({"kind": "water_monitor", "fields": PROFILE["fields"][:1]}).raise_for_status()
        running.register([DEVICE], RULES)
        send()
        wait_until(lambda: get("/api/v1/rejected")["items"], "the report is refused", up)
        (refused,) = get("/api/v1/rejected")["items"]
        assert refused["reason"] == "bad_time"
        assert "this looks like seconds" in refused["detail"]

        wrong = put({**PROFILE, "fields": [{"source": "PM", "quantity": "pm2_5", "unit": "C"}]})
        assert wrong.status_code == 422
        put(PROFILE).raise_for_status()

        def shown() -> Any:
            send()
            return get("/api/v1/devices/WM-1")["latest"]

        wait_until(shown, "the device has readings", up)
        latest = get("/api/v1/devices/WM-1")["latest"]
        assert {name: (one["value"], one["unit"]) for name, one in latest.items()} == {
            "pm2_5": (150.0, "ug/m3"),
            "valve_open": (True, "1"),
        }
        assert all(one["observed_at_ms"] % 1000 == 0 for one in latest.values())
        wait_until(lambda: get("/api/v1/events")["items"], "the rule finds it", up)
        (event,) = get("/api/v1/events")["items"]
        assert event["summary"]["zh"].count("细颗粒物") == 1
        assert "Fine particles 150 ug/m3" in event["summary"]["en"]
        named = get("/sta/v1.1/ObservedProperties?$filter=name eq 'Fine particles'")["value"]
        assert [one["name"] for one in named] == ["Fine particles"]
        stream = get("/sta/v1.1/Things('WM-1')/Datastreams?$filter=startswith(name,'Fine')")["value"]
        assert [one["unitOfMeasurement"]["symbol"] for one in stream] == ["ug/m3"]
        assert running.run("rules", "check", str(running.folder / "rules.yaml")).returncode == 0
        assert up.stop() == 0, up.tail()
