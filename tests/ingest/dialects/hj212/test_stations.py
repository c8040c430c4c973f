"""HJ 212 through the pipeline: what stations say, and what becomes of a report in parts."""

from typing import Any

import orjson
import pytest

from domain.devices import Device, DeviceState, FieldMapping, Profile
from domain.topics import Topics
from ingest.dialects.hj212.parts import MOST_MESSAGES, MOST_REPORTS_OF_A_STATION, PATIENCE_SWEEPS
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket
from ingest.pipeline.answer import Answer
from ingest.pipeline.message_to_records import Pipeline
from ingest.pipeline.rejection_records import decode_rejection, replay_message
from streams.ports import Outgoing
from tests.ingest.lookup import lookup_of
from tests.ingest.stations import MN, QN, TOPIC, frame, part, stations_of

NOON_MS = 1_780_286_400_000
RECEIVED = NOON_MS + 30_000
STATION = Device("WM-1", "water_monitor", "water_monitor", mn=MN, area="320582/110")
FIRST = part(1, 2, "DataTime=20260601120000;w01001-Rtd=7.42,w01001-Flag=N")
SECOND = part(2, 2, "DataTime=20260601120000;w01010-Rtd=21.6,w01010-Flag=T")
BOTH = {"ph": 7.42, "water_temperature": 21.6}


def pipeline(*items: Device | Profile) -> Pipeline:
    return Pipeline(Topics(), lookup_of(*(items or (STATION,)), kinds=("water_monitor",)))


def said(payload: bytes, topic: str = TOPIC, **more: Any) -> MqttMessage:
    return MqttMessage(topic, payload, RECEIVED, **more)


def values(records: list[Outgoing]) -> list[dict[str, Any]]:
    return [orjson.loads(record.value or b"") for record in records]


def rejections(records: list[Outgoing]) -> list[tuple[str, str]]:
    return [(one["reason"], one["detail"]) for one in values(records) if "reason" in one]


class Post:
    """What a gateway would do: a ticket for each message, and which of them were settled."""

    def __init__(self, *items: Device | Profile) -> None:
        self.pipeline = pipeline(*items)
        self.settled: list[int] = []
        self._tickets: list[Ticket] = []

    def send(self, payload: bytes, topic: str = TOPIC) -> list[dict[str, Any]]:
        ticket = Ticket(1, None)
        self._tickets.append(ticket)
        return self._take(self.pipeline.receive(said(payload, topic), ticket))

    def wait(self, seconds: int) -> list[dict[str, Any]]:
        return [value for _ in range(seconds) for value in self._take(self.pipeline.sweep())]

    def _take(self, answer: Answer) -> list[dict[str, Any]]:
        self.settled += [self._tickets.index(ticket) for ticket in answer.settled]
        return values(answer.records)


def test_a_report_becomes_telemetry_in_canonical_quantities() -> None:
    [record] = pipeline().records(said(frame()))
    assert (record.topic, record.key) == ("telemetry.water_monitor", b"WM-1")
    assert values([record]) == [
        {
            "device_id": "WM-1", "kind": "water_monitor", "observed_at_ms": NOON_MS, "received_at_ms": RECEIVED,
            "message_id": QN, "codec": "hj212", "readings": {"ph": 7.42}, "area": "320582/110",
        }
    ]  # fmt: skip


def test_data_flags_become_quality() -> None:
    cp = "DataTime=20260601120000;w01001-Rtd=7,w01001-Flag=C;w01010-Rtd=21,w01010-Flag=D;w01009-Rtd=99,w01009-Flag=N"
    [report] = values(pipeline().records(said(frame(cp))))
    assert report["quality"] == {"ph": "suspect", "water_temperature": "bad", "dissolved_oxygen": "bad"}


def test_a_flow_counts_only_where_the_profile_names_its_unit() -> None:
    cp = "DataTime=20260601120000;w00000-Rtd=10,w00000-Cou=36"
    assert rejections(pipeline().records(said(frame(cp)))) == [("unknown_quantity", "unknown: w00000-Rtd")]
    profile = Profile("flow-meter", "water_monitor", (FieldMapping("w00000-Rtd", "flow_rate", "L/s"),))
    [report] = values(pipeline(Device("WM-1", "water_monitor", "flow-meter", mn=MN), profile).records(said(frame(cp))))
    assert report["readings"] == {"flow_rate": pytest.approx(36.0)}


def test_an_amount_counts_where_the_profile_names_it() -> None:
    cp = "DataTime=20260601120000;w01001-Avg=7,w01001-Max=8"
    profile = Profile("own", "water_monitor", (FieldMapping("w01001-Max", "ph", "[pH]"),), ignore=("w01001-Avg",))
    device = Device("WM-1", "water_monitor", "own", mn=MN)
    [report] = values(pipeline(device, profile).records(said(frame(cp, CN="2051"))))
    assert report["readings"] == {"ph": 8.0}


@pytest.mark.parametrize("command", ["2011", "2051", "2061", "2031"])
def test_every_data_command_reports(command: str) -> None:
    cp = "DataTime=20260601120000;w01001-Min=7.1,w01001-Avg=7.4,w01001-Max=7.9,w01001-Flag=N"
    [report] = values(pipeline().records(said(frame(cp, CN=command))))
    assert report["readings"] == {"ph": 7.4}


@pytest.mark.parametrize("command", ["9015", "1013", "9011", "9013"])
def test_dialogue_is_settled_without_a_record_and_counted(command: str) -> None:
    post = Post()
    assert post.send(frame("", CN=command)) == []
    assert post.settled == [0]
    assert post.pipeline.ignored == {"hj212 dialogue": 1}


def test_a_command_that_might_tell_something_is_kept() -> None:
    [(reason, detail)] = rejections(pipeline().records(said(frame("DataTime=20260601120000;SB1-RS=1", CN="2021"))))
    assert (reason, "CN 2021" in detail) == ("unparseable", True)


BAD = {
    "a wrong check value": (frame().replace(b"7.42", b"7.43"), "bad_checksum"),
    "no frame": (b"hello", "unparseable"),
    "another station's frame": (frame(MN="X1"), "unauthorised"),
    "no time": (frame("w01001-Rtd=7"), "unparseable"),
    "a time that is none": (frame("DataTime=20261301000000;w01001-Rtd=7"), "bad_time"),
    "next year": (frame("DataTime=20270601000000;w01001-Rtd=7"), "bad_time"),
    "a value that is no number": (frame("DataTime=20260601120000;w01001-Rtd=x"), "bad_value"),
    "nothing but a time": (frame("DataTime=20260601120000"), "bad_value"),
    "a megabyte": (b"#" * (1 << 20), "too_large"),
    "6,000 frames": (b"##" * 6000, "too_large"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_rejected_with_its_reason(name: str) -> None:
    payload, reason = BAD[name]
    post = Post()
    assert [one["reason"] for one in post.send(payload)] == [reason]
    assert post.settled == [0]


def test_unknown_and_suspended_stations_are_refused() -> None:
    assert rejections(pipeline().records(said(frame(MN="X1"), "hj212/X1/up"))) == [
        ("unknown_device", "MN 'X1' is not registered")
    ]
    suspended = Device("WM-1", "water_monitor", "water_monitor", mn=MN, state=DeviceState.SUSPENDED)
    assert rejections(pipeline(suspended).records(said(frame()))) == [("unauthorised", "WM-1 is suspended")]


def test_a_good_frame_beside_a_bad_one_is_kept() -> None:
    records = values(pipeline().records(said(frame() + b"##00")))
    assert [one.get("reason", "report") for one in records] == ["report", "unparseable"]


@pytest.mark.parametrize("said_by", ["device", "profile"])
def test_a_defect_is_tolerated_where_the_registration_says_so(said_by: str) -> None:
    spaced = frame("DataTime=20260601120000;w01001-Rtd=7.4w01001-Flag=N")
    strict = Post()
    [refused] = strict.send(spaced)
    assert (refused["reason"], "missing_comma" in refused["detail"]) == ("unparseable", True)
    tolerates: dict[str, Any] = {"hj212_tolerates": "spaces, missing_comma"}
    device = Device("WM-1", "water_monitor", "own", mn=MN, attributes=tolerates if said_by == "device" else {})
    profile = Profile("own", "water_monitor", attributes=tolerates if said_by == "profile" else {})
    post = Post(device, profile)
    assert post.send(spaced)[0]["readings"] == {"ph": 7.4}
    assert stations_of(post.pipeline).defects == {"missing_comma": 1}


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_parts_are_one_report_and_settled_together(order: tuple[bytes, bytes]) -> None:
    post = Post()
    assert post.send(order[0]) == []
    assert post.settled == []
    [report] = post.send(order[1])
    assert report["readings"] == BOTH
    assert report["quality"] == {"water_temperature": "bad"}
    assert post.settled == [0, 1]


def test_parts_in_one_message_are_one_report() -> None:
    post = Post()
    [report] = post.send(FIRST + SECOND)
    assert report["readings"] == BOTH
    assert post.settled == [0]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_field_that_was_cut_in_two_is_put_together(order: tuple[int, int]) -> None:
    cut = part(1, 2, "DataTime=20260601120000;w01001-Rtd=7."), part(2, 2, "42,w01001-Flag=N")
    post = Post()
    post.send(cut[order[0]])
    assert post.send(cut[order[1]])[0]["readings"] == {"ph": 7.42}


def test_a_message_that_holds_a_waiting_part_beside_a_report_waits_with_its_report_written() -> None:
    post = Post()
    [report] = post.send(frame() + FIRST)
    assert report["readings"] == {"ph": 7.42}
    assert post.settled == []
    post.send(SECOND)
    assert post.settled == [0, 1]


def test_a_lone_part_is_rejected_when_the_others_do_not_come() -> None:
    post = Post()
    post.send(FIRST)
    assert post.wait(PATIENCE_SWEEPS - 1) == []
    [refused] = post.wait(1)
    assert refused["reason"] == "unparseable"
    assert refused["detail"] == f"a report in 2 parts (QN={QN}, CN=2011) of which came 1: the other parts did not come"
    assert refused["device_id"] == "WM-1"
    assert post.settled == [0]


def test_a_part_that_comes_again_while_it_waits_changes_nothing_and_is_settled_with_its_like() -> None:
    post = Post()
    post.send(FIRST)
    assert post.send(FIRST) == []
    assert post.settled == []
    assert len(post.send(SECOND)) == 1
    assert post.settled == [0, 1, 2]


def test_a_part_that_comes_after_its_report_is_a_repetition() -> None:
    post = Post()
    post.send(FIRST)
    post.send(SECOND)
    assert post.send(FIRST) == []
    assert post.settled == [0, 1, 2]
    assert post.wait(PATIENCE_SWEEPS + 1) == []


def test_another_report_under_the_same_number_is_not_taken_for_a_repetition() -> None:
    post = Post()
    post.send(FIRST)
    post.send(SECOND)
    later = part(1, 2, "DataTime=20260601120030;w01001-Rtd=7.5"), part(2, 2, "w01010-Rtd=22")
    assert post.send(later[0]) == []
    [report] = post.send(later[1])
    assert report["readings"] == {"ph": 7.5, "water_temperature": 22.0}


def test_a_part_told_twice_with_two_contents_gives_the_first_up() -> None:
    post = Post()
    post.send(FIRST)
    [refused] = post.send(part(1, 2, "DataTime=20260601120000;w01001-Rtd=8"))
    assert "came twice, and not the same" in refused["detail"]
    assert post.settled == [0]
    assert post.send(SECOND)[0]["readings"] == {"ph": 8.0, "water_temperature": 21.6}


def test_parts_that_contradict_each_other_are_rejected_together() -> None:
    post = Post()
    post.send(FIRST)
    [refused] = post.send(part(2, 2, "DataTime=20260601130000;w01010-Rtd=21.6"))
    assert (refused["reason"], post.settled) == ("unparseable", [0, 1])
    assert "DataTime stands in two parts" in refused["detail"]


def test_one_rejection_keeps_all_parts_and_can_be_replayed_alone() -> None:
    mapping = FieldMapping("w01001-Rtd", "ph", "[pH]")
    lookup = lookup_of(Device("WM-1", "water_monitor", "own", mn=MN), Profile("own", "water_monitor", (mapping,)))
    before = Pipeline(Topics(), lookup)
    before.receive(said(FIRST))
    _, record = before.receive(said(SECOND)).records
    rejected = decode_rejection(record.value or b"")
    assert (rejected["reason"], rejected["detail"]) == ("unknown_quantity", "unknown: w01010-Rtd")
    lookup.put(Profile("own", "water_monitor"))
    [again] = Pipeline(Topics(), lookup).records(replay_message(rejected, "telemetry.rejected/0/7"))
    assert values([again])[0]["readings"] == BOTH
    assert values([again])[0]["replay_of"] == "telemetry.rejected/0/7"


def test_a_part_of_an_unknown_station_does_not_wait() -> None:
    post = Post()
    [refused] = post.send(part(1, 2, "DataTime=20260601120000", MN="X1"), "hj212/X1/up")
    assert (refused["reason"], post.settled) == ("unknown_device", [0])


def test_parts_rejected_apart_are_joined_when_they_are_replayed_together() -> None:
    replaying = pipeline()
    [still] = replaying.records(said(FIRST, replay_of="a"))
    [(reason, detail)] = rejections([still])
    assert (reason, "replay them together" in detail) == ("unparseable", True)
    [report] = replaying.records(said(SECOND, replay_of="b"))
    assert values([report])[0]["readings"] == BOTH


def test_a_station_that_begins_reports_without_end_pushes_out_its_own() -> None:
    others = Device("WM-2", "water_monitor", "water_monitor", mn="M2")
    post = Post(STATION, others)
    post.send(part(1, 2, "DataTime=20260601120000", MN="M2"), "hj212/M2/up")
    for n in range(20):
        post.send(part(1, 2, "DataTime=20260601120000", QN=f"{n:017}"))
    assert len(stations_of(post.pipeline).parts) == MOST_REPORTS_OF_A_STATION + 1
    assert 0 not in post.settled
    assert len(post.settled) == 20 - MOST_REPORTS_OF_A_STATION


def test_waiting_messages_are_bounded_and_none_is_forgotten() -> None:
    devices = [Device(f"WM-{n}", "water_monitor", "water_monitor", mn=f"M{n}") for n in range(300)]
    post = Post(*devices)
    refused = []
    for n in range(300):
        refused += post.send(part(1, 2, "DataTime=20260601120000", MN=f"M{n}"), f"hj212/M{n}/up")
    assert len(stations_of(post.pipeline).parts) == MOST_MESSAGES
    assert len(refused) == len(post.settled) == 300 - MOST_MESSAGES
    assert len(post.wait(PATIENCE_SWEEPS)) == MOST_MESSAGES
    assert sorted(post.settled) == list(range(300))


def test_everything_that_waits_is_concluded_before_a_session_ends() -> None:
    post = Post()
    post.send(FIRST)
    assert len(post.pipeline.sweep(everything=True).records) == 1
