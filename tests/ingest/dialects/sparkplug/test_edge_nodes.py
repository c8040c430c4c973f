"""Sparkplug B through the pipeline: births, data read by them, and births asked for."""

from typing import Any

import orjson
import pytest

import ingest.dialects.sparkplug.edge_nodes as bounds
from domain.devices import Device, FieldMapping, Profile
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.dialects.sparkplug.edge_node import MOST_METRICS_OF_A_NODE
from ingest.dialects.sparkplug.edge_nodes import FIRST_WAIT_S, REQUESTS_A_SECOND
from ingest.dialects.sparkplug.wire import Metric, Payload, read_payload
from ingest.dialects.state import DeviceRequest, Ticket
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import lookup_of
from tests.ingest.stations import edge_nodes_of, metric, payload, tagged

NOW = 1_780_000_000_000
INT16, DOUBLE = 2, 10
CABINET = Device("CB-1", "cabinet", "cabinet", sparkplug="city/edge")
LAMP = Device("SL-1", "streetlight", "streetlight", sparkplug="city/edge/lamp", area="320582")
NBIRTH, NDATA, NDEATH = (f"spBv1.0/city/{sort}/edge" for sort in ("NBIRTH", "NDATA", "NDEATH"))
DBIRTH, DDATA, DDEATH = (f"spBv1.0/city/{sort}/edge/lamp" for sort in ("DBIRTH", "DDATA", "DDEATH"))
NCMD = "spBv1.0/city/NCMD/edge"
BD_SEQ = metric("bdSeq", 3, datatype=8, at=NOW)
REBIRTH = metric("Node Control/Rebirth", False, datatype=11, at=NOW)
DOOR = metric("door_open", False, alias=1, datatype=11, at=NOW)
POWER = metric("active_power", 96.5, alias=2, datatype=DOUBLE, at=NOW)
VOLTAGE = metric("voltage", 229, alias=3, datatype=INT16, at=NOW)


class Host:
    """A pipeline that keeps what it asked for, and counts the sequence for its edge node."""

    def __init__(self, *items: Device | Profile) -> None:
        devices = items or (CABINET, LAMP)
        self.pipeline = Pipeline(Topics(), lookup_of(*devices, kinds=("cabinet", "streetlight")))
        self.asked: list[DeviceRequest] = []

    def hear(self, topic: str, *metrics: bytes, seq: int | None = 0, **more: Any) -> list[dict[str, Any]]:
        return self.hear_bytes(topic, payload(*metrics, seq=seq, **more))

    def hear_bytes(self, topic: str, data: bytes) -> list[dict[str, Any]]:
        ticket = Ticket(1, None)
        answer = self.pipeline.receive(MqttMessage(topic, data, NOW + 100), ticket)
        assert answer.settled == [ticket]
        self.asked += answer.requests
        return [orjson.loads(record.value or b"") for record in answer.records]

    def born(self) -> "Host":
        self.hear(NBIRTH, BD_SEQ, REBIRTH, DOOR, seq=0)
        self.hear(DBIRTH, POWER, VOLTAGE, seq=1)
        return self

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.pipeline.sweep()


def by_alias(alias: int, value: Any, at: int = NOW + 1, **more: Any) -> bytes:
    return metric(None, value, alias=alias, at=at, **more)


def test_a_birth_reports_what_it_tells_and_asks_for_nothing() -> None:
    host = Host()
    [cabinet] = host.hear(NBIRTH, BD_SEQ, REBIRTH, DOOR, seq=0)
    [lamp] = host.hear(DBIRTH, POWER, VOLTAGE, seq=1)
    assert (cabinet["device_id"], cabinet["readings"]) == ("CB-1", {"door_open": False})
    assert lamp == {
        "device_id": "SL-1", "kind": "streetlight", "observed_at_ms": NOW, "received_at_ms": NOW + 100,
        "message_id": "1", "codec": "sparkplug", "readings": {"active_power": 96.5, "voltage": 229.0}, "area": "320582",
    }  # fmt: skip
    assert host.asked == []


def test_data_is_read_by_alias_and_remembered_datatype() -> None:
    host = Host().born()
    [lamp] = host.hear(DDATA, by_alias(2, 95.0), by_alias(3, 0xFFFF_FFFE), seq=2)
    assert lamp["readings"] == {"active_power": 95.0, "voltage": -2.0}
    assert lamp["quality"] == {"voltage": "bad"}
    [cabinet] = host.hear(NDATA, by_alias(1, True), seq=3)
    assert cabinet["readings"] == {"door_open": True}
    assert host.asked == []


def test_metric_names_are_the_fields_of_a_profile() -> None:
    profile = Profile("inverter", "cabinet", (FieldMapping("AC/Power", "active_power", "W", scale=1000.0),))
    host = Host(Device("CB-1", "cabinet", "inverter", sparkplug="city/edge"), profile)
    [report] = host.hear(NBIRTH, BD_SEQ, metric("AC/Power", 2.5, alias=1, datatype=DOUBLE, at=NOW))
    assert report["readings"] == {"active_power": 2500.0}


def test_instants_of_one_message_are_reports_of_their_own() -> None:
    host = Host().born()
    first, second = host.hear(DDATA, by_alias(2, 1.0, at=NOW - 5000, historical=1), by_alias(3, 230, at=NOW), seq=2)
    assert (first["observed_at_ms"], first["readings"]) == (NOW - 5000, {"active_power": 1.0})
    assert (second["observed_at_ms"], second["readings"]) == (NOW, {"voltage": 230.0})


def test_a_metric_without_a_time_has_that_of_the_payload_or_else_of_receipt() -> None:
    host = Host().born()
    [told] = host.hear(DDATA, metric(None, 1.0, alias=2), seq=2, at=NOW - 7)
    assert (told["observed_at_ms"], "time_source" in told) == (NOW - 7, False)
    [untold] = host.hear(DDATA, metric(None, 1.0, alias=2), seq=3)
    assert (untold["observed_at_ms"], untold["time_source"]) == (NOW + 100, "gateway")


def test_quality_nulls_and_transients() -> None:
    host = Host().born()
    [lamp] = host.hear(
        DDATA, by_alias(2, 1.0, quality=0), metric(None, alias=3, null=1), metric("voltage", 1, transient=1), seq=2
    )
    assert (lamp["readings"], lamp["quality"]) == ({"active_power": 1.0}, {"active_power": "bad"})
    assert host.hear(DDATA, metric(None, alias=3, null=1), seq=3) == []
    assert host.pipeline.ignored["sparkplug null"] == 2
    assert host.pipeline.ignored["sparkplug transient metric"] == 1
    assert host.pipeline.ignored["sparkplug DDATA without a reading"] == 1


def test_data_without_a_birth_is_kept_and_a_birth_asked_for() -> None:
    host = Host()
    [refused] = host.hear(DDATA, by_alias(2, 95.0), seq=9)
    assert (refused["reason"], refused["detail"]) == ("unknown_quantity", "unknown: alias 2 (no birth names it)")
    assert (refused["device_id"], bool(refused["payload"])) == ("SL-1", True)
    [request] = host.asked
    command = read_payload(request.payload)
    assert (request.topic, command.timestamp_ms, command.seq) == (NCMD, NOW + 100, None)
    assert command.metrics == [Metric("Node Control/Rebirth", None, NOW + 100, 11, value=True)]
    host.born()
    assert host.hear(DDATA, by_alias(2, 94.0), seq=2)[0]["readings"] == {"active_power": 94.0}
    assert len(host.asked) == 1


def test_data_that_names_itself_is_read_without_a_birth() -> None:
    host = Host()
    [report] = host.hear(DDATA, metric("active_power", 95.0), metric("voltage", 229, datatype=INT16), seq=9)
    assert report["readings"] == {"active_power": 95.0, "voltage": 229.0}
    assert [one.why for one in host.asked] == ["no NBIRTH was heard"]


def test_an_integer_without_a_datatype_is_not_guessed() -> None:
    report, refused = Host().hear(DDATA, metric("active_power", 95.0), metric("voltage", 229), seq=9)
    assert report["readings"] == {"active_power": 95.0}
    assert (refused["detail"], refused["partial"]) == ("unknown: voltage (no birth tells its datatype)", True)


def test_an_unknown_alias_costs_only_its_reading_and_a_birth_is_asked_for() -> None:
    host = Host().born()
    report, refused = host.hear(DDATA, by_alias(2, 95.0), by_alias(77, 1.0), seq=2)
    assert report["readings"] == {"active_power": 95.0}
    assert (refused["detail"], refused["partial"]) == ("unknown: alias 77 (no birth names it)", True)
    assert [one.why for one in host.asked] == ["alias 77 stands in no birth"]


def test_a_device_without_its_own_birth_makes_the_node_be_asked() -> None:
    host = Host()
    host.hear(NBIRTH, BD_SEQ, seq=0)
    host.hear(DDATA, metric("active_power", 1.0), seq=1)
    assert [one.why for one in host.asked] == ["no DBIRTH was heard"]


def test_a_gap_asks_for_a_birth_and_makes_aliases_doubtful_until_it_comes() -> None:
    host = Host().born()
    [lamp] = host.hear(DDATA, by_alias(2, 95.0), metric("voltage", 229, datatype=INT16, at=NOW + 1), seq=5)
    assert (lamp["readings"]["active_power"], lamp["quality"]) == (95.0, {"active_power": "suspect"})
    assert [one.why for one in host.asked] == ["a gap in seq"]
    assert host.hear(DDATA, by_alias(2, 94.0, at=NOW + 2), seq=6)[0]["quality"] == {"active_power": "suspect"}
    host.born()
    assert "quality" not in host.hear(DDATA, by_alias(2, 93.0, at=NOW + 3), seq=2)[0]
    assert len(host.asked) == 1


def test_a_gap_is_asked_about_again_while_no_birth_comes() -> None:
    host = Host().born()
    host.hear(DDEATH, seq=7)
    assert [one.why for one in host.asked] == ["a gap in seq"]
    host.wait(FIRST_WAIT_S)
    host.hear(NDATA, by_alias(1, True), seq=8)
    assert [one.why for one in host.asked] == ["a gap in seq"] * 2


def test_the_sequence_goes_round_and_a_repetition_is_no_gap() -> None:
    host = Host().born()
    for seq in [*range(2, 256), 0, 1, 1]:
        host.hear(DDATA, by_alias(2, 95.0), seq=seq)
    assert host.asked == []


def test_a_seq_of_zero_may_be_left_out() -> None:
    host = Host()
    host.hear(NBIRTH, BD_SEQ, DOOR, seq=None)
    host.hear(NDATA, by_alias(1, True), seq=1)
    assert host.asked == []


def test_a_death_of_this_session_ends_it_and_one_of_an_earlier_session_does_not() -> None:
    host = Host().born()
    assert host.hear(NDEATH, metric("bdSeq", 2, datatype=8), seq=None) == []
    assert host.hear(DDATA, by_alias(2, 95.0), seq=2)[0]["readings"] == {"active_power": 95.0}
    assert host.hear(NDEATH, metric("bdSeq", 3, datatype=8), seq=None) == []
    assert host.pipeline.ignored["sparkplug death of an earlier session"] == 1
    assert host.hear(DDATA, by_alias(2, 95.0), seq=3)[0]["reason"] == "unknown_quantity"
    assert [one.why for one in host.asked] == ["no NBIRTH was heard"]


def test_a_device_that_died_is_unknown_until_its_next_birth() -> None:
    host = Host().born()
    host.hear(DDEATH, seq=2)
    assert host.hear(DDATA, by_alias(2, 95.0), seq=3)[0]["reason"] == "unknown_quantity"
    host.hear(DBIRTH, POWER, seq=4)
    assert host.hear(DDATA, by_alias(2, 95.0), seq=5)[0]["readings"] == {"active_power": 95.0}


def test_a_node_birth_voids_what_its_devices_told_before() -> None:
    host = Host().born()
    host.hear(NBIRTH, BD_SEQ, DOOR, seq=0)
    assert host.hear(DDATA, by_alias(2, 95.0), seq=1)[0]["reason"] == "unknown_quantity"


def test_a_birth_that_gives_an_alias_another_meaning_counts_from_then_on() -> None:
    host = Host().born()
    host.hear(DBIRTH, metric("current", 0.4, alias=2, datatype=DOUBLE, at=NOW), seq=2)
    assert host.hear(DDATA, by_alias(2, 0.5), seq=3)[0]["readings"] == {"current": 0.5}


def test_a_node_is_asked_once_and_then_ever_less_often() -> None:
    host = Host()
    asked = []
    for _ in range(200):
        host.hear(DDATA, by_alias(2, 95.0), seq=9)
        asked.append(len(host.asked))
        host.wait(1)
    assert [asked.index(n) for n in range(1, asked[-1] + 1)] == [0, 10, 30, 70, 150]
    host.wait(2000)
    host.hear(DDATA, by_alias(2, 95.0), seq=9)
    host.wait(FIRST_WAIT_S)
    host.hear(DDATA, by_alias(2, 95.0), seq=9)
    assert len(host.asked) == asked[-1] + 2


def test_requests_are_bounded_by_the_second() -> None:
    nodes = [Device(f"CB-{n}", "cabinet", "cabinet", sparkplug=f"city/e{n}") for n in range(REQUESTS_A_SECOND + 20)]
    host = Host(*nodes)
    for _ in range(2):
        for n in range(len(nodes)):
            host.hear(f"spBv1.0/city/NDATA/e{n}", by_alias(1, 1.0), seq=9)
        host.wait(1)
    assert len(host.asked) == len({one.topic for one in host.asked}) == len(nodes)


def test_nobody_whom_the_registry_does_not_know_is_asked() -> None:
    host = Host()
    [refused] = host.hear("spBv1.0/other/DDATA/edge/lamp", by_alias(2, 95.0), seq=9)
    assert (refused["reason"], refused["detail"]) == (
        "unknown_device", "Sparkplug path 'other/edge/lamp' is not registered",
    )  # fmt: skip
    assert host.asked == []


def test_a_device_behind_an_unregistered_edge_node_is_read() -> None:
    host = Host(LAMP)
    assert host.hear(NBIRTH, BD_SEQ, REBIRTH, seq=0) == []
    host.hear(DBIRTH, POWER, seq=1)
    assert host.hear(DDATA, by_alias(2, 95.0), seq=2)[0]["readings"] == {"active_power": 95.0}
    assert host.asked == []


def test_what_hosts_say_is_heard_and_counted() -> None:
    host = Host()
    assert host.hear(NCMD, REBIRTH) == []
    assert host.hear("spBv1.0/city/DCMD/edge/lamp") == []
    assert host.hear_bytes("spBv1.0/STATE/scada", b'{"online":true}') == []
    assert host.pipeline.ignored == {"sparkplug command": 2, "sparkplug state of a host": 1}


BAD = {
    "noise": (NDATA, b"\xff\xff\xff"),
    "an unknown sort": ("spBv1.0/city/NBURTH/edge", payload()),
    "a device birth without a device": ("spBv1.0/city/DBIRTH/edge", payload()),
    "a device without a name": ("spBv1.0/city/DBIRTH/edge/", payload()),
    "a compressed payload": (NDATA, tagged(4, b"SPBV1.0_COMPRESSED") + tagged(5, b"\x1f\x8b")),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_kept_as_unparseable(name: str) -> None:
    topic, data = BAD[name]
    assert [one["reason"] for one in Host().hear_bytes(topic, data)] == ["unparseable"]


def test_a_megabyte_is_too_large() -> None:
    assert [one["reason"] for one in Host().hear_bytes(NDATA, b"\x12" * (1 << 20))] == ["too_large"]


def test_more_instants_than_a_message_may_have_are_too_large() -> None:
    host = Host().born()
    many = [by_alias(2, 1.0, at=NOW - n) for n in range(5_001)]
    assert [one["reason"] for one in host.hear(DDATA, *many, seq=2)] == ["too_large"]


def test_a_flood_of_aliases_is_not_remembered() -> None:
    host = Host()
    host.hear(NBIRTH, BD_SEQ, seq=0)
    half = MOST_METRICS_OF_A_NODE // 2 + 1
    flood = [metric(f"{n:x}", alias=n, datatype=1, null=1) for n in range(half)]
    devices = [Device(f"SL-{n}", "streetlight", "streetlight", sparkplug=f"city/edge/{n}") for n in (1, 2)]
    host.pipeline = Pipeline(Topics(), lookup_of(*devices, kinds=("streetlight",)))
    assert host.hear("spBv1.0/city/DBIRTH/edge/1", *flood, seq=1) == []
    assert [one["reason"] for one in host.hear("spBv1.0/city/DBIRTH/edge/2", *flood, seq=2)] == ["too_large"]


def test_the_node_silent_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_NODES", 2)
    host = Host(*(Device(f"CB-{n}", "cabinet", "cabinet", sparkplug=f"city/e{n}") for n in range(3)))
    for n in (0, 1, 0, 2):
        host.hear(f"spBv1.0/city/NBIRTH/e{n}", BD_SEQ, DOOR, seq=0)
    assert "readings" in host.hear("spBv1.0/city/NDATA/e0", by_alias(1, True), seq=1)[0]
    assert "reason" in host.hear("spBv1.0/city/NDATA/e1", by_alias(1, True), seq=1)[0]


def test_metrics_are_bounded_over_all_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_METRICS", 2)
    host = Host(*(Device(f"CB-{n}", "cabinet", "cabinet", sparkplug=f"city/e{n}") for n in range(3)))
    for n in (0, 1, 1, 1, 2):
        host.hear(f"spBv1.0/city/NBIRTH/e{n}", BD_SEQ, DOOR, seq=0)
    told = [host.hear(f"spBv1.0/city/NDATA/e{n}", by_alias(1, True), seq=1)[0] for n in range(3)]
    assert ["readings" in one for one in told] == [False, True, True]


def test_what_was_rejected_before_its_device_was_registered_can_be_replayed_with_its_birth() -> None:
    pipeline = Pipeline(Topics(), lookup_of(LAMP, kinds=("streetlight",)))
    pipeline.records(MqttMessage(DBIRTH, payload(POWER, seq=1), NOW, replay_of="a"))
    answer = pipeline.receive(MqttMessage(DDATA, payload(by_alias(2, 95.0), seq=40), NOW, replay_of="b"))
    assert orjson.loads(answer.records[0].value or b"")["readings"] == {"active_power": 95.0}
    assert edge_nodes_of(pipeline).rebirths == 0
    [nothing] = pipeline.records(MqttMessage(NCMD, b"", NOW, replay_of="c"))
    assert orjson.loads(nothing.value or b"")["detail"] == "it holds no report"


def test_a_payload_is_what_the_reader_takes_it_for() -> None:
    assert read_payload(payload(POWER, seq=7)) == Payload(
        seq=7, metrics=[Metric("active_power", 2, NOW, DOUBLE, value=96.5)]
    )
