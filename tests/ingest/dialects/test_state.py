"""Whatever comes in whatever order: no message raises, none is settled twice, and none is left unsettled for ever."""

from time import process_time
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from domain.devices import Device
from domain.topics import Topics
from ingest.dialects.hj212.stations import Stations
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Received, Ticket
from ingest.pipeline.answer import Answer
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import lookup_of
from tests.ingest.stations import MN, TOPIC, frame, metric, part, payload, stations_of, tagged

NOW = 1_780_286_430_000
KINDS = ("water_monitor", "cabinet", "streetlight")
DEVICES = (
    Device("WM-1", "water_monitor", "water_monitor", mn=MN, attributes={"hj212_tolerates": "all"}),
    Device("WM-2", "water_monitor", "water_monitor", mn="M2"),
    Device("CB-1", "cabinet", "cabinet", sparkplug="city/edge"),
    Device("SL-1", "streetlight", "streetlight", sparkplug="city/edge/lamp"),
)


def pipeline() -> Pipeline:
    return Pipeline(Topics(), lookup_of(*DEVICES, kinds=KINDS))


numbers = st.integers(0, 4)
small_cp = st.sampled_from(["DataTime=20260601120000;w01001-Rtd=7", "w01010-Rtd=2", "1.5", "w01001-", "", "a=b;;c"])
parts = st.builds(
    lambda number, total, cp, qn: part(number, total, cp, QN=f"{qn:017}"), numbers, numbers, small_cp, numbers
)
whole_frames = st.builds(frame, small_cp, CN=st.sampled_from(["2011", "2061", "9015", "2021"]))
frames = st.lists(parts | whole_frames | st.binary(max_size=12), min_size=1, max_size=4).map(b"".join)
station_messages = st.tuples(st.sampled_from([TOPIC, "hj212/M2/up", "hj212/X/up", "hj212/up", "hj212/a/b/up"]), frames)

values = st.none() | st.booleans() | st.integers(0, 1 << 33) | st.floats() | st.text(max_size=5) | st.binary(max_size=5)
names = st.sampled_from([None, "", "active_power", "door_open", "bdSeq", "Node Control/Rebirth", "x" * 600])
more = st.fixed_dictionaries(
    {},
    optional={
        "alias": numbers, "at": st.sampled_from([0, NOW, 1 << 63]), "datatype": st.integers(0, 20),
        "null": st.integers(0, 1), "transient": st.integers(0, 1), "quality": st.sampled_from([0, 192, 500]),
    },
)  # fmt: skip
metrics = st.builds(lambda name, value, rest: metric(name, value, **rest), names, values, more)
payloads = st.builds(
    lambda some, seq, at: payload(*some, seq=seq, at=at), st.lists(metrics, max_size=4),
    st.none() | st.integers(0, 300), st.sampled_from([None, NOW]),
) | st.binary(max_size=40)  # fmt: skip
edge_messages = st.tuples(
    st.builds(
        "spBv1.0/city/{}/{}".format,
        st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "NCMD", "DCMD", "x"]),
        st.sampled_from(["edge", "edge/lamp", "other", "edge/", "edge/lamp/more"]),
    )
    | st.sampled_from(["spBv1.0/", "spBv1.0/STATE/scada"]),
    payloads,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(station_messages | edge_messages | st.just("a second"), max_size=15))
def test_every_message_is_settled_once_and_nothing_raises(steps: list[Any]) -> None:
    of_city = pipeline()
    given_out: list[Ticket] = []
    settled: list[Ticket] = []

    def take(answer: Answer) -> None:
        settled.extend(answer.settled)
        for record in answer.records:
            assert "internal error" not in orjson.loads(record.value or b"").get("detail", "")

    for step in steps:
        if isinstance(step, str):
            take(of_city.sweep())
            continue
        topic, content = step
        given_out.append(Ticket(1, None))
        take(of_city.receive(MqttMessage(topic, content, NOW), given_out[-1]))
    take(of_city.sweep(everything=True))
    assert len(settled) == len(given_out)
    assert {id(ticket) for ticket in settled} == {id(ticket) for ticket in given_out}
    assert len(stations_of(of_city).parts) == 0


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([TOPIC, "spBv1.0/city/NBIRTH/edge", "spBv1.0/city/DDATA/edge/lamp"]), st.binary(max_size=200))
def test_a_replayed_message_has_a_record_always(topic: str, data: bytes) -> None:
    assert pipeline().records(MqttMessage(topic, data, NOW, replay_of="telemetry.rejected/0/1"))


HUGE = {
    "length signs": (TOPIC, b"##" * 131_000),
    "lengths without segments": (TOPIC, b"##9999" * 43_000),
    "segments without check values": (TOPIC, b"##0009CP=&&&&" * 20_000),
    "one long segment": (TOPIC, frame("DataTime=20260601120000" + ";w01001-Rtd=7" * 19_000)),
    "commas that are missing": (TOPIC, frame("DataTime=20260601120000;" + "w01001-Rtd=7" * 700)),
    "empty metrics": ("spBv1.0/city/NDATA/edge", tagged(2, b"") * 130_000),
    "aliases": ("spBv1.0/city/NBIRTH/edge", payload(*(metric(f"{n}", alias=n, null=1) for n in range(15_000)))),
    "fields nobody knows": ("spBv1.0/city/NDATA/edge", tagged(9, 1) * 130_000),
    "one name": ("spBv1.0/city/NBIRTH/edge", payload(metric("x" * 250_000, 1.0))),
}


@pytest.mark.parametrize("name", HUGE)
def test_the_largest_messages_take_a_moment_only(name: str) -> None:
    topic, data = HUGE[name]
    assert len(data) <= 256 * 1024
    began = process_time()
    pipeline().receive(MqttMessage(topic, data, NOW))
    assert process_time() - began < 5.0  # a third of a second on a quiet machine; quadratic would be minutes


def test_a_bug_in_a_dialect_costs_one_message_and_settles_it_once() -> None:
    of_city, ticket = pipeline(), Ticket(1, None)
    with patch.object(Stations, "receive", side_effect=KeyError("oops")), capture_logs() as logs:
        answer = of_city.receive(MqttMessage(TOPIC, frame(), NOW), ticket)
    assert answer.settled == [ticket]
    assert orjson.loads(answer.records[0].value or b"")["detail"] == "internal error: KeyError: 'oops'"
    assert [one["event"] for one in logs] == ["a message met a bug and was rejected"]
    later = Received()
    later.settle([ticket])
    assert later.settled == []
