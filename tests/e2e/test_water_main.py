"""A real water main's recording over MQTT to the store and the events of `examples/water-main/expected-events.yaml`."""

import asyncio
import csv
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from domain.mqtt import parse_mqtt_url
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from tests.e2e.disturbed.disturbance import until_heard
from tests.e2e.disturbed.verdict import by_id
from tests.e2e.disturbed.witness import fetch_found, stages_of
from tests.e2e.processes.platform import ROOT, platform, wait_for_line
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until
from urbansense.configuration.settings import PREFIX

EXAMPLE = ROOT / "examples" / "water-main"
DEVICE = "WM-MAIN-01"
M3_H_IN_L_S = 3.6


@pytest.fixture(scope="module")
def recording() -> Path:
    river = importlib.util.find_spec("river")
    if river is None or not river.submodule_search_locations:
        pytest.skip("river, which brings the recording, is not installed")
    return Path(river.submodule_search_locations[0], "datasets", "water-flow.csv")


@pytest.fixture(scope="module")
def readings(recording: Path) -> Mapping[int, float]:
    """Flow in m3/h by instant, straight from the file."""
    with recording.open(newline="") as lines:
        rows = [(row["Time"], float(row["Water flow [l/s]"])) for row in csv.DictReader(lines)]
    return {parse_instant_ms(time): flow * M3_H_IN_L_S for time, flow in rows}


@pytest.fixture(scope="module")
def expected() -> set[tuple[object, ...]]:
    told = yaml.safe_load((EXAMPLE / "expected-events.yaml").read_text())["events"]
    assert len(told) == 4
    times = ("since", "opened", "cleared")
    return {
        (e["rule"], e["subject"], e["severity"], "cleared", *(parse_instant_ms(e[name]) for name in times))
        for e in told
    }


@pytest.mark.kafka
@pytest.mark.mosquitto
async def test_on_mosquitto_and_kafka_every_reading_is_stored_once_and_the_four_events_are_found(
    store: dict[str, Any],
    own_mosquitto: Mosquitto,
    kafka_bootstrap: str,
    topic_prefix: str,
    recording: Path,
    readings: Mapping[int, float],
    expected: set[tuple[object, ...]],
    tmp_path: Path,
) -> None:
    own_mosquitto.start()
    settings = {"mqtt_url": own_mosquitto.url, "log_url": f"kafka://{kafka_bootstrap}", "clock": "simulated", **store}
    with platform(tmp_path, topic_prefix=topic_prefix, **settings) as running:
        running.run("devices", "import", str(EXAMPLE / "devices.csv"))
        running.run("rules", "apply", *(str(EXAMPLE / "rules" / f"{name}-flow.yaml") for name in ("low", "high")))
        services = [running.service(name).start() for name in ("gateway", "rules-worker", "correlator")]
        services.append(running.recorder().start())
        async with stages_of(running.settings) as stages, running.watched():
            await until_heard(parse_mqtt_url(own_mosquitto.url), min(readings) - HOUR_MS)
            replay = ["simulate", "--replay", str(recording), "--device", DEVICE, "--kind", "water_monitor"]
            await asyncio.to_thread(running.run, *replay, "--column", "Water flow [l/s]=flow_rate:L/s")
            await stages.settle(len(readings), 60)
        for process in services:
            assert process.stop() == 0, process.tail()
        found = await fetch_found(running.settings)
    flows = {(DEVICE, at_ms): {"flow_rate": pytest.approx(flow, rel=1e-11)} for at_ms, flow in readings.items()}
    assert found.logged == flows
    assert found.duplicates == 0
    assert found.stored == flows
    assert found.samples == len(readings)
    assert {facts(event.model_dump(mode="json")) for event in by_id(found.events).values()} == expected
    assert found.ledger.balances
    assert (found.ledger.store.stored, found.ledger.rules.judged) == (len(readings), len(readings))


@pytest.mark.long
def test_the_page_followed_to_the_letter_stores_every_reading_once_and_finds_the_four_events(
    readings: Mapping[int, float], expected: set[tuple[object, ...]], tmp_path: Path
) -> None:
    """All embedded, the broker too. Only the ports are of our choosing, since the usual ones may be taken."""
    first, second = re.findall(r"```sh\n(.*?)```", (EXAMPLE / "README.md").read_text(), re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    api = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "URBANSENSE_HTTP_PORT": str(port),
        "URBANSENSE_MQTT_URL": f"embedded://127.0.0.1:{free_port()}",
        "COLUMNS": "200",
    }
    shell = ["bash", "-c", f"cd {tmp_path} && " + first.replace("urbansense up", "exec urbansense up")]
    up = Process(shell, tmp_path / "up.log", environment).start()
    try:
        wait_for_line(up, "the live page and the API answer")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", second], cwd=tmp_path, env=environment, capture_output=True, text=True,
            timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        wait_until(lambda: not pending(api), 20, "nothing pending", up)
        span = {"from": min(readings), "to": max(readings) + 1, "limit": 100_000}
        stored = ask(api, f"devices/{DEVICE}/telemetry", **span)["items"]
        assert [item["observed_at_ms"] for item in stored] == sorted(readings)
        assert {item["quantity"] for item in stored} == {"flow_rate"}
        flows = {item["observed_at_ms"]: item["value"] for item in stored}
        assert flows == {at_ms: pytest.approx(flow, rel=1e-11) for at_ms, flow in readings.items()}
        wait_until(lambda: len(ask(api, "events")["items"]) >= len(expected), 10, "the events in the store", up)
        events = ask(api, "events")["items"]
        assert len(events) == len(expected)
        assert {facts(event) for event in events} == expected
        assert up.stop() == 0, up.tail()
        assert "Traceback" not in up.log.read_text()
    finally:
        up.kill()


def facts(event: Mapping[str, Any]) -> tuple[object, ...]:
    names = ("rule", "subject", "severity", "status", "since_ms", "opened_at_ms", "cleared_at_ms")
    return tuple(event[name] for name in names)


def pending(api: str) -> int:
    ledger = ask(api, "ledger")
    return int(ledger["store"]["pending"] + ledger["rules"]["pending"])


def ask(api: str, path: str, **query: str | int) -> Any:
    return httpx.get(f"{api}/api/v1/{path}", params=query, timeout=20, trust_env=False).raise_for_status().json()
