"""The dialects as the simulators' encoders write them: golden bytes, and what they say."""

from itertools import takewhile
from typing import Any

import orjson
import pytest

from domain.devices import Device
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket
from ingest.pipeline.message_to_records import Pipeline
from tests.golden import golden
from tests.ingest.lookup import lookup_of

T = 1_780_318_800_123
RECEIVED = T + 7000
DEVICES = (
    Device("WM-1", "water_monitor", "water_monitor", mn="010000A8900016F000169DC0"),
    Device("CB-1", "cabinet", "cabinet", sparkplug="zhangjiagang/cabinet-1"),
    Device("SL-3", "streetlight", "streetlight", sparkplug="zhangjiagang/cabinet-1/lamp-3"),
    Device("MC-4", "manhole_cover", "manhole_cover", sparkplug="zhangjiagang/cabinet-1/cover-4"),
    Device("GW-320582-0001", "gateway", "gateway"),
    Device("SL-320582-000001", "streetlight", "streetlight", parent_id="GW-320582-0001", dev_eui="a840419edb62011c"),
    Device("MH-320582-000004", "manhole_cover", "manhole_cover", parent_id="GW-320582-0001"),
)
MESSAGES = orjson.loads(golden("dialects/messages.json"))
TOPICS = {name: said["topic"] for name, said in MESSAGES.items()}
SESSION = sorted(name for name in TOPICS if name.startswith("sparkplug/"))
WATER = {
    "water_temperature": 21.6, "ph": 7.42, "dissolved_oxygen": 6.85, "conductivity": 412.0, "turbidity": 18.3,
    "nh3_n": 0.62,
}  # fmt: skip
LAMP = {"dimming_level": 80.0, "active_power": 96.2, "voltage": 229.1, "current": 0.4516, "power_factor": 0.93}
COVER = {"tilt_angle": 1.4, "cover_open": False, "well_water_level": 0.61, "battery_level": 87.3}
CABINET = {"active_power": 2885.3, "voltage": 231.2, "mains_present": True, "door_open": False}


class Host:
    def __init__(self) -> None:
        kinds = ("water_monitor", "cabinet", "streetlight", "manhole_cover", "gateway")
        self.pipeline = Pipeline(Topics(), lookup_of(*DEVICES, kinds=kinds))
        self.requests = 0

    def hear(self, *names: str) -> list[dict[str, Any]]:
        records = []
        for name in names:
            answer = self.pipeline.receive(
                MqttMessage(TOPICS[name], golden(f"dialects/{name}"), RECEIVED), Ticket(1, None)
            )
            records += answer.records
            self.requests += len(answer.requests)
        return [orjson.loads(record.value or b"") for record in records]


def reports(values: list[dict[str, Any]]) -> list[tuple[str, int, dict[str, Any]]]:
    return [(one["device_id"], one["observed_at_ms"], one["readings"]) for one in values if "readings" in one]


@pytest.mark.parametrize(
    ("names", "observed_at_ms", "readings"),
    [
        (["standards_page"], 1_780_286_400_000, WATER),
        (["real_time"], T - 123, WATER),
        (["minute"], T - 123 - 600_000, WATER),
        (["hour_part_1", "hour_part_2"], T - 123 - 3_600_000,
         {**WATER, "cod_cr": 2.5, "cod_mn": 2.5, "tn": 2.5, "tp": 2.5}),
    ],
)  # fmt: skip
def test_hj212_frames_are_read(names: list[str], observed_at_ms: int, readings: dict[str, float]) -> None:
    values = Host().hear(*(f"hj212/{name}.txt" for name in names))
    assert reports(values) == [("WM-1", observed_at_ms, readings)]
    details = [one["detail"] for one in values if "reason" in one]
    assert details in ([], ["unknown: w00000-Rtd"], ["unknown: w00000-Avg"])


def test_a_session_of_an_edge_node_is_read_and_needs_no_second_birth() -> None:
    host = Host()
    assert reports(host.hear(*SESSION)) == [
        ("SL-3", T + 1000, LAMP),
        ("MC-4", T + 2000, COVER),
        ("CB-1", T + 3000, CABINET),
        ("SL-3", T - 59_000, {**LAMP, "active_power": 95.8}),
        ("CB-1", T + 3000, CABINET),
        ("SL-3", T + 1000, LAMP),
        ("MC-4", T + 2000, COVER),
        ("SL-3", T + 1000, LAMP),
        ("SL-3", T + 5000, {"lamp_failure": True}),
    ]
    assert (host.requests, sum(host.pipeline.rejected.values())) == (0, 0)


def test_whoever_comes_late_asks_and_understands_from_the_rebirth_on() -> None:
    host = Host()
    names = list(takewhile(lambda name: "09_" not in name, SESSION))[4:]
    assert reports(host.hear(*names)) == []
    assert host.requests == 1
    assert [one["device_id"] for one in host.hear(*SESSION[9:14])] == ["CB-1", "SL-3", "MC-4", "SL-3", "SL-3"]
    assert host.requests == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("native/single.json", [LAMP]),
        ("native/batch.json", [LAMP, COVER]),
        ("senml-json/lamp.json", [LAMP]),
        ("senml-cbor/lamp.cbor.hex", [LAMP]),
        ("senml-cbor/cover.cbor.hex", [COVER]),
        ("chirpstack/cbor_lamp.json", [{**LAMP, "rssi": -97.0, "snr": 7.5}]),
    ],
)
def test_the_stateless_dialects_say_the_same_in_their_own_words(name: str, expected: list[dict[str, Any]]) -> None:
    message = MqttMessage(TOPICS[name], golden(f"dialects/{name}"), RECEIVED, MESSAGES[name].get("content_type"))
    values = [orjson.loads(record.value or b"") for record in Host().pipeline.records(message)]
    assert [one["readings"] for one in values] == [pytest.approx(readings) for readings in expected]
    assert [one["observed_at_ms"] for one in values] == [T, T + 40][: len(expected)]
