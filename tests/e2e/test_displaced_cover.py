"""A displaced manhole cover, from its own message to the closed case: every step is on the topics, sealed in the audit log.

device ──MQTT──▶ telemetry.manhole_cover ──▶ rules.raised ──▶ city.events ──▶ case ──▶ city.cases
people ──HTTP──▶ take, urge, close
"""

import asyncio
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from accounts.audit.log import read_audit, verify_audit
from device_registry.storage.database import open_engine
from domain.devices import Device
from domain.mqtt import SIMULATED_CLOCK_TOPIC
from simulators.city.devices_file import devices_csv
from streams.opening.by_url import open_log
from streams.reading.tables import read_to_end
from tests.e2e.processes.platform import ROOT, Platform, platform, wait_for_line
from tests.e2e.test_first_message import publish, tool
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process, wait_until
from urbansense.wiring.shared_database import SharedDatabase

pytestmark = [pytest.mark.mosquitto, pytest.mark.timeout(120)]

COVER = Device(
    "MH-320582-000417", "manhole_cover", "manhole_cover", name="Cover 417", area="320582/110/152/102", lon=120.55,
    lat=31.87, component_code="3205820102000417", department="drainage", report_interval_s=600,
)  # fmt: skip
UPLINK = f"city/320582-110/manhole_cover/{COVER.device_id}/up"
MORNING_MS = 1_795_305_600_000
"""2026-11-22 08:00 in Shanghai."""
_10_MIN_MS = 600_000
Told = tuple[str | None, dict[str, str], Any]
"""Key, headers and data of a record."""
SHUT = {"cover_open": False, "tilt_angle": 2.0}
DISPLACED = {"cover_open": True, "tilt_angle": 47.0}

STEPS = ["report", "accept", "file", "dispatch", "take", "urge", "detach", "recover", "close"]
STATES = [
    "reported", "accepted", "filed", "dispatched", "in_progress", "in_progress", "in_progress", "checking", "closed",
]  # fmt: skip


class Street:
    """The street with its one cover, at its own time; whoever looks after it speaks HTTP."""

    def __init__(self, running: Platform, broker: Mosquitto, up: Process) -> None:
        self.running, self.broker, self.up = running, broker, up
        self.api = httpx.Client(base_url=f"{running.settings.client_api_url}/api/v1", trust_env=False, timeout=20)
        self.at_ms = MORNING_MS
        self.messages = 0

    def report(self, readings: dict[str, Any]) -> None:
        """Ten minutes later the cover's device reports, and a little later still the clock goes on."""
        self.at_ms += _10_MIN_MS
        publish(self.broker, SIMULATED_CLOCK_TOPIC, {"sent_at_ms": self.at_ms})
        self.messages += 1
        publish(self.broker, UPLINK, {"ts": self.at_ms, "seq": self.messages, "readings": readings})
        publish(self.broker, SIMULATED_CLOCK_TOPIC, {"sent_at_ms": self.at_ms + 60_000})

    def cases(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.api.get("/cases").raise_for_status().json()["items"]
        return items

    def case_in(self, state: str) -> dict[str, Any]:
        """The one case, as soon as it is in that state."""
        wait_until(lambda: [case["state"] for case in self.cases()] == [state], 30, f"a case is {state}", self.up)
        (case,) = self.cases()
        return case

    def act(self, case: dict[str, Any], transition: str, **fields: Any) -> httpx.Response:
        """What somebody does who saw the case at that revision."""
        known = {"If-Match": f'"{case["revision"]}"'}
        body = {"transition": transition, **fields}
        return self.api.post(f"/cases/{case['case_id']}/transitions", json=body, headers=known)


def live_through(street: Street) -> dict[str, Any]:
    """The story. The closed case as the API tells it."""
    wait_for_line(street.up, "the live page and the API answer")
    wait_for_line(street.up, "connected to the MQTT broker")
    street.report(SHUT)
    street.report(DISPLACED)
    case = street.case_in("dispatched")
    assert (case["problem"], case["severity"], case["department"]) == ("cover-open", "critical", "drainage")
    assert (case["subject"], case["component_code"]) == (COVER.device_id, COVER.component_code)
    assert case["occurred_at_ms"] == MORNING_MS + 2 * _10_MIN_MS
    taken = street.act(case, "take").raise_for_status().json()
    late = street.act(case, "urge")
    assert late.status_code == 412
    assert "take by local" in late.text
    street.act(taken, "urge", note="a school is near").raise_for_status()
    street.report(SHUT)
    street.report(SHUT)
    checking = street.case_in("checking")
    assert [event["open"] for event in checking["events"]] == [False]
    street.act(checking, "close", note="lies flat").raise_for_status()
    closed: dict[str, Any] = street.api.get(f"/cases/{case['number']}").raise_for_status().json()
    return closed


def run(broker: Mosquitto, folder: Path, told: Callable[[], list[Any]] | None = None, **settings: Any) -> None:
    """The story on `up` with these settings. `told` waits for the records of `city.cases` by other means than ours."""
    broker.start()
    with platform(folder, mqtt_url=broker.url, http_port=free_port(), clock="simulated", **settings) as running:
        (folder / "devices.csv").write_text(devices_csv([COVER]))
        running.run("devices", "import", str(folder / "devices.csv"))
        running.run(
            "rules", "apply", *(str(ROOT / "rules" / "library" / f"cover-{n}.yaml") for n in ("open", "tilted"))
        )
        up = running.service("up").start()
        street = Street(running, broker, up)
        closed = live_through(street)
        if told is not None:
            wait_until(lambda: len(told()) >= len(STEPS), 20, "every step is on the topic", up)
        assert up.stop() == 0, up.tail()
        assert "Traceback" not in up.log.read_text()
        assert [(step["transition"], step["state"]) for step in closed["history"]] == list(
            zip(STEPS, STATES, strict=True)
        )
        assert_audited(running, closed)


def assert_audited(running: Platform, closed: dict[str, Any]) -> None:
    """The chain holds, and names who did what to the case."""
    engine = open_engine(running.settings.registry_url)
    with SharedDatabase(engine).reading() as connection:
        assert verify_audit(connection).holds
        rows = read_audit(connection, subject=f"case/{closed['number']}")
    assert [(row.action, row.details["revision"]) for row in reversed(rows)] == [
        (f"case.{step}", n) for n, step in enumerate(STEPS, 1)
    ]
    people = {row.action for row in rows if row.actor == "local"}
    assert people == {"case.take", "case.urge", "case.close"}
    engine.dispose()


def assert_told(
    events: list[tuple[str | None, dict[str, str], Any]], cases: list[tuple[str | None, dict[str, str], Any]]
) -> None:
    """Both topics, as CloudEvents 1.0 in Kafka's binary binding: key, headers and data of each record."""
    assert [headers["ce_type"] for _, headers, _ in events] == [
        "urbansense.event.opened.v1", "urbansense.event.cleared.v1",
    ]  # fmt: skip
    (event_id,) = {data["event_id"] for _, _, data in events}
    assert {data["rule"] for _, _, data in events} == {"cover-open"}
    (case_id,) = {key for key, _, _ in cases}
    assert case_id is not None
    for number, (_, headers, data) in enumerate(cases, 1):
        told_at = datetime.fromisoformat(headers.pop("ce_time")).timestamp() * 1000
        assert told_at >= MORNING_MS
        assert headers == {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": f"{UUID(case_id)}/{number}",
            "ce_source": "/urbansense/cases",
            "ce_type": f"urbansense.case.{STEPS[number - 1]}.v1",
            "ce_subject": case_id,
            "schema": "case/1",
        }
        assert (data["case_id"], data["revision"], data["state"]) == (case_id, number, STATES[number - 1])
        assert [one["event_id"] for one in data["events"]] == [event_id]
    assert len(cases) == len(STEPS)


async def test_from_the_device_s_message_to_the_closed_case_all_embedded_but_the_broker(
    own_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await asyncio.to_thread(run, own_mosquitto, tmp_path, topic_prefix="cover.")
    log = await open_log("embedded:", tmp_path / "data")
    told = {
        topic: [
            (r.key.decode() if r.key else None, {k: v.decode() for k, v in r.headers}, orjson.loads(r.value or b""))
            async for r in read_to_end(log, [f"cover.{topic}"])
        ]
        for topic in ("city.events", "city.cases")
    }
    await log.close()
    assert_told(told["city.events"], told["city.cases"])


@pytest.mark.kafka
def test_from_the_device_s_message_to_the_closed_case_on_kafka_as_kcat_sees_it(
    own_mosquitto: Mosquitto, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    kcat = [tool("kcat", "kafka", "kcat"), "-b", kafka_bootstrap, "-C", "-e", "-q", "-o", "beginning", "-J"]

    def records(topic: str) -> list[Told]:
        command = [*kcat, "-X", "isolation.level=read_committed", "-t", topic_prefix + topic]
        done = subprocess.run(command, capture_output=True, check=True, timeout=30)
        told = [orjson.loads(line) for line in done.stdout.splitlines()]
        return [
            (record["key"], dict(zip(*[iter(record["headers"])] * 2, strict=True)), orjson.loads(record["payload"]))
            for record in told
        ]

    settings = {"log_url": f"kafka://{kafka_bootstrap}", "topic_prefix": topic_prefix}
    run(own_mosquitto, tmp_path, lambda: records("city.cases"), **settings)
    assert_told(records("city.events"), records("city.cases"))
