"""The sessions of a city: each device in its own dialect, edge nodes with their sessions."""

from datetime import timedelta, timezone

import orjson
import pytest

from domain.devices import Device
from simulators.dialects import CannotSay
from simulators.dialects.reports import Report, encode_native
from simulators.dialects.sparkplug.wire import DataType, Metric, encode_payload
from simulators.publish.dialect_sessions import DialectSessions

AT = 1_780_000_000_000
BEIJING = timezone(timedelta(hours=8))
NATIVE = Device("L1", "streetlight", "streetlight")
PACKED = Device("L2", "streetlight", "streetlight", attributes={"dialect": "senml-json"})
STATION = Device("W1", "water_monitor", "water_monitor", mn="MN01", attributes={"dialect": "hj212"})
LAMP_A = Device("A", "streetlight", "streetlight", sparkplug="city/node/A", attributes={"dialect": "sparkplug"})
LAMP_B = Device("B", "streetlight", "streetlight", sparkplug="city/node/B", attributes={"dialect": "sparkplug"})


def report(device: Device, at_ms: int = AT, **readings: float) -> Report:
    return Report(device.device_id, device.kind, None, at_ms, 0, readings or {"voltage": 230.0})


def sessions() -> DialectSessions:
    return DialectSessions((NATIVE, PACKED, STATION, LAMP_A, LAMP_B), 7, BEIJING)


def test_each_device_speaks_its_own_dialect() -> None:
    city = sessions()
    assert city.encode(report(NATIVE)) == (encode_native(report(NATIVE)),)
    (packed,) = city.encode(report(PACKED))
    assert packed.content_type == "application/senml+json"
    assert isinstance(orjson.loads(packed.payload), list)
    (frame,) = city.encode(report(STATION, ph=7.1))
    assert frame.topic == "hj212/MN01/up"
    assert frame.payload.startswith(b"##")


def test_what_a_dialect_has_no_word_for_is_left_out() -> None:
    city = sessions()
    (frame,) = city.encode(report(STATION, ph=7.1, tilt_angle=3.0))
    assert b"w01001-Rtd=7.1" in frame.payload
    assert frame == sessions().encode(report(STATION, ph=7.1))[0]
    assert city.encode(report(STATION, tilt_angle=3.0)) == ()


def test_an_edge_node_is_born_before_its_first_data_and_only_once() -> None:
    city = sessions()
    first = [message.topic.split("/")[2] for message in city.encode(report(LAMP_A))]
    second = [message.topic.split("/")[2] for message in city.encode(report(LAMP_A, AT + 1))]
    other = [message.topic.split("/")[2] for message in city.encode(report(LAMP_B))]
    assert (first, second, other) == (["NBIRTH", "DBIRTH", "DDATA"], ["DDATA"], ["DBIRTH", "DDATA"])


def test_a_rebirth_that_a_host_asks_for_comes_before_the_next_report() -> None:
    city = sessions()
    city.encode(report(LAMP_A))
    asked = encode_payload(AT, (Metric(AT, True, "Node Control/Rebirth", datatype=DataType.BOOLEAN),), seq=None)
    (topic,) = city.commands
    city.receive(topic, asked)
    city.receive("spBv1.0/other/NCMD/node", asked)
    said = city.encode(report(NATIVE, AT + 5))
    assert [message.topic.split("/")[2] for message in said[:-1]] == ["NBIRTH", "DBIRTH"]
    assert said[-1] == encode_native(report(NATIVE, AT + 5))
    assert len(city.encode(report(NATIVE, AT + 6))) == 1


def test_a_node_that_never_spoke_says_no_farewell_and_the_other_one_does() -> None:
    city = sessions()
    assert city.closing(AT) == ()
    city.encode(report(LAMP_A))
    (death,) = city.closing(AT + 1)
    assert death.topic == "spBv1.0/city/NDEATH/node"


def test_a_device_that_lacks_what_its_dialect_needs_is_refused_at_once() -> None:
    with pytest.raises(CannotSay, match="W2"):
        DialectSessions((Device("W2", "water_monitor", "water_monitor", attributes={"dialect": "hj212"}),), 7, BEIJING)
