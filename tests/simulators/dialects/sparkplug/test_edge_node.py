"""A Sparkplug edge node: its numbers, its births, its answers. Clauses of Sparkplug 3.0 are named beside the assertions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import Device
from simulators.dialects import CannotSay
from simulators.dialects.reports import MqttMessage
from simulators.dialects.sparkplug.edge_node import EdgeNode, edge_nodes
from simulators.dialects.sparkplug.wire import DataType, Metric, booleans_of, encode_payload
from tests.simulators.dialects.sparkplug.protobuf_reader import read_payload
from tests.simulators.dialects.spoken import (
    EDGE,
    EDGE_COVER,
    EDGE_LAMP,
    EVENING_MS,
    FED,
    LIT,
    SHUT,
    rebirth_request,
    report,
)

NODE = "zhangjiagang/cabinet-1"


def node_of_three() -> EdgeNode:
    told = {EDGE.device_id: FED, EDGE_LAMP.device_id: LIT, EDGE_COVER.device_id: SHUT}
    return edge_nodes(told, (EDGE, EDGE_LAMP, EDGE_COVER))[NODE]


def verb(message: MqttMessage) -> str:
    return message.topic.split("/")[2]


def metrics(message: MqttMessage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_payload(message.payload)["metrics"]
    return found


def test_the_payload_of_the_standards_page_comes_out_bit_for_bit() -> None:
    at_ms = 1486144502122
    written = encode_payload(at_ms, (Metric(at_ms, 0, "bdSeq", datatype=DataType.UINT64),), seq=0)
    assert written.hex() == "08eaf2f5a8a02b12120a05626453657118eaf2f5a8a02b200858001800"


@given(
    st.dictionaries(st.text(min_size=1), st.floats(allow_nan=False) | st.booleans(), min_size=1),
    st.integers(0, 2**62),
    st.integers(0, 2**64 - 1),
    st.integers(0, 255),
)
def test_what_is_written_can_be_read(values: dict[str, float | bool], at_ms: int, alias: int, seq: int) -> None:
    payload = encode_payload(at_ms, [Metric(at_ms, value, name, alias) for name, value in values.items()], seq)
    read = read_payload(payload)
    assert (read["timestamp"], read["seq"]) == (at_ms, seq)
    told = {m["name"]: m.get("double_value", bool(m.get("boolean_value"))) for m in read["metrics"]}
    assert told == values
    assert all(m["alias"] == alias and m["timestamp"] == at_ms for m in read["metrics"])
    assert booleans_of(payload) == {name: value for name, value in values.items() if isinstance(value, bool)}


def test_every_message_but_deaths_counts_on_by_one_from_zero_and_255_is_followed_by_0() -> None:
    node = node_of_three()
    will = node.open_session(EVENING_MS)
    assert "seq" not in read_payload(will.payload)  # tck-id-topics-ndeath-seq
    messages = list(node.births(EVENING_MS))
    for number in range(600):
        device, readings = ((EDGE, FED), (EDGE_LAMP, LIT), (EDGE_COVER, SHUT))[number % 3]
        messages += node.encode(report(device, readings, EVENING_MS + number), device)
    assert [verb(m) for m in messages[:6]] == ["NBIRTH", "DBIRTH", "DBIRTH", "NDATA", "DDATA", "DDATA"]
    assert [read_payload(m.payload)["seq"] for m in messages] == [number % 256 for number in range(603)]
    assert {m.qos for m in messages} == {0}
    assert will.qos == 1


def test_births_and_deaths_of_a_session_bear_one_number_and_the_next_session_the_next() -> None:
    node = node_of_three()
    for session in range(258):
        will = node.open_session(EVENING_MS)
        birth, *_ = node.births(EVENING_MS)
        for message in (will, birth, node.births(EVENING_MS)[0], node.death(EVENING_MS)):
            number = metrics(message)[0]
            assert (number["name"], number["long_value"], number["datatype"]) == ("bdSeq", session % 256, 4)
        assert len(metrics(will)) == 1  # tck-id-topics-ndeath-payload


def test_births_name_everything_with_aliases_of_its_own_and_data_say_only_these() -> None:
    node = node_of_three()
    node.open_session(EVENING_MS)
    births = node.births(EVENING_MS)
    named = [m for message in births for m in metrics(message) if "alias" in m]
    assert len({m["alias"] for m in named}) == len(named) == len(FED) + len(LIT) + len(SHUT)  # …-alias-uniqueness
    assert {m["name"]: m["datatype"] for m in named}["cover_open"] == DataType.BOOLEAN
    assert "alias" not in next(m for m in metrics(births[0]) if m["name"] == "Node Control/Rebirth")
    (data,) = node.encode(report(EDGE_LAMP, LIT), EDGE_LAMP)
    names = {m["alias"]: m["name"] for m in metrics(births[1])}
    assert {names[m["alias"]]: m["double_value"] for m in metrics(data)} == LIT
    assert not any({"name", "datatype"} & m.keys() for m in metrics(data))


def test_a_rebirth_tells_the_last_values_with_the_times_they_were_measured_at() -> None:
    node = node_of_three()
    node.open_session(EVENING_MS)
    node.births(EVENING_MS)
    node.encode(report(EDGE_LAMP, LIT, EVENING_MS + 5), EDGE_LAMP)
    late = node.encode(report(EDGE_LAMP, LIT | {"voltage": 1.0}, EVENING_MS + 1), EDGE_LAMP)
    assert all(m["is_historical"] for m in metrics(late[0]))
    command = rebirth_request(EVENING_MS + 9)
    born, lamp, cover = node.answer(node.commands, command.payload, EVENING_MS + 10)
    assert [read_payload(m.payload)["seq"] for m in (born, lamp, cover)] == [0, 1, 2]
    assert {m["name"]: m["double_value"] for m in metrics(lamp)} == LIT
    assert {m["timestamp"] for m in metrics(lamp)} == {EVENING_MS + 5}
    assert all(m["is_null"] for m in metrics(cover))


@given(st.binary(max_size=40))
def test_no_command_but_a_rebirth_makes_a_node_speak(payload: bytes) -> None:
    node = node_of_three()
    node.open_session(EVENING_MS)
    node.births(EVENING_MS)
    assert node.answer(node.commands, payload, EVENING_MS) == ()
    assert node.answer("spBv1.0/zhangjiagang/NCMD/other", rebirth_request(EVENING_MS).payload, EVENING_MS) == ()


def test_a_command_that_ends_too_soon_is_no_command() -> None:
    payload = rebirth_request(EVENING_MS).payload
    assert booleans_of(payload) == {"Node Control/Rebirth": True}
    for cut in (1, 2, 3, 5):
        with pytest.raises(ValueError, match="longer than its message"):
            booleans_of(payload[:-cut])


def test_a_rebirth_that_is_refused_by_its_value_is_none() -> None:
    node = node_of_three()
    node.open_session(EVENING_MS)
    node.births(EVENING_MS)
    no = encode_payload(EVENING_MS, (Metric(EVENING_MS, False, "Node Control/Rebirth"),), None)
    assert node.answer(node.commands, no, EVENING_MS) == ()


def test_a_quantity_that_was_not_declared_is_born_before_it_is_told() -> None:
    node = node_of_three()
    node.open_session(EVENING_MS)
    node.births(EVENING_MS)
    messages = node.encode(report(EDGE_LAMP, {"lamp_failure": True}), EDGE_LAMP)
    assert [verb(m) for m in messages] == ["DBIRTH", "DDATA"]
    messages = node.encode(report(EDGE, {"frequency": 50.0}), EDGE)
    assert [verb(m) for m in messages] == ["NBIRTH", "DBIRTH", "DBIRTH", "NDATA"]


def test_nothing_is_told_before_the_births_of_the_session() -> None:
    node = node_of_three()
    with pytest.raises(ValueError, match="open a session"):
        node.births(EVENING_MS)
    node.open_session(EVENING_MS)
    with pytest.raises(ValueError, match="no births"):
        node.encode(report(EDGE_LAMP, LIT), EDGE_LAMP)


@pytest.mark.parametrize("path", [None, "", "group", "group/", "a/b/c/d", "a/b/+", "a/#"])
def test_a_device_without_a_path_says_what_it_needs(path: str | None) -> None:
    device = Device("SL-9", "streetlight", "streetlight", sparkplug=path)
    with pytest.raises(CannotSay, match=r"SL-9: sparkplug is .*; give `group/edge` or `group/edge/device`"):
        edge_nodes({}, (device,))


def test_a_device_of_another_node_is_not_spoken_for() -> None:
    node = node_of_three()
    stranger = Device("SL-9", "streetlight", "streetlight", sparkplug="zhangjiagang/cabinet-2/lamp-9")
    with pytest.raises(CannotSay, match="does not belong to edge node zhangjiagang/cabinet-1"):
        node.declare(stranger, ())
