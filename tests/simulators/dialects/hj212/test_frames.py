"""HJ 212 frames: the published ones, and any others read back by a reader of their own."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import Device
from simulators.dialects import CannotSay
from simulators.dialects.hj212.factors import FACTORS
from simulators.dialects.hj212.frames import Aggregate, Command, Hj212, check_value, frame
from tests.simulators.dialects.spoken import EVENING_MS, LIT, SHUT, STATION, WATER, report

FRAME = re.compile(rb"##(\d{4})(QN=.*&&)([0-9A-F]{4})\r\n")
NUMBERS = st.floats(0, 50_000, allow_subnormal=False)
READINGS = st.dictionaries(st.sampled_from(sorted(FACTORS)), NUMBERS, min_size=1)
UNIT = {factor.code: (name, 3.6 if name == "flow_rate" else 1.0) for name, factor in FACTORS.items()}


def by_annex_a(data: bytes) -> int:
    """The algorithm as annex A writes it, bit by bit."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            lowest = register & 1
            register >>= 1
            if lowest:
                register ^= 0xA001
    return register


def read(payload: bytes, longest: int = 1024) -> tuple[dict[str, str], dict[str, str]]:
    """Head and body of a frame whose length and check value are right."""
    found = FRAME.fullmatch(payload)
    assert found
    length, segment, check = found.groups()
    assert int(length) == len(segment) <= longest
    assert int(check, 16) == by_annex_a(segment)
    head, body = segment[:-2].decode("ascii").split("CP=&&")
    fields = [pair.split("=") for item in body.split(";") for pair in item.split(",")]
    return dict(pair.split("=") for pair in head.rstrip(";").split(";")), dict(fields)


@pytest.mark.parametrize(
    ("segment", "check"),
    [
        ("QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&", "1C80"),
        ("QN=20260601120000123;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&", "A141"),
        # a station in the field, as quoted in public code
        ("ST=32;CN=2051;PW=123456;MN=12091200160055;CP=&&DataTime=20150430135800;B01-Min=880.17,B01-Avg=900.88,B01-Max=928"
         ".08,B01-Cou=54.05;011-Min=999.99,011-Avg=999.99,011-Max=999.99,011-Cou=54.05;060-Min=30.18,060-Avg=30.18,060-Max="
         "30.18,060-Cou=1.63&&", "9841"),
    ],
)  # fmt: skip
def test_the_frame_of_a_published_segment_is_the_published_one(segment: str, check: str) -> None:
    assert frame(segment) == f"##{len(segment):04d}{segment}{check}\r\n".encode()


@given(st.binary())
def test_the_table_gives_the_check_value_of_annex_a(data: bytes) -> None:
    assert check_value(data) == by_annex_a(data)


@given(READINGS)
def test_a_frame_says_what_was_measured(readings: dict[str, float]) -> None:
    (message,) = Hj212().encode(report(STATION, readings), STATION)
    head, body = read(message.payload)
    assert head["CN"] == "2011"
    assert head["Flag"] == "4"
    told = {}
    for key, text in body.items():
        code, _, field = key.partition("-")
        if field == "Rtd":
            assert "e" not in text
            name, scale = UNIT[code]
            told[name] = float(text) * scale
            assert body[f"{code}-Flag"] == "N"
    assert told == pytest.approx(readings, abs=0.02, rel=1e-9)


def test_times_are_those_of_the_zone() -> None:
    (message,) = Hj212(ZoneInfo("Asia/Urumqi")).encode(report(STATION, {"ph": 7.0}, EVENING_MS), STATION)
    head, body = read(message.payload)
    assert (head["QN"], body["DataTime"]) == ("20260601190000123", "20260601190000")
    assert datetime.fromtimestamp(EVENING_MS / 1000, UTC).hour == 13


@given(st.dictionaries(st.sampled_from(sorted(FACTORS)), st.tuples(NUMBERS, NUMBERS, NUMBERS)), st.integers(230, 1024))
def test_sub_packets_say_together_what_one_packet_would(
    spans: dict[str, tuple[float, float, float]], longest: int
) -> None:
    told = {name: Aggregate(*values) for name, values in spans.items()}
    minute = EVENING_MS - 60_123

    def say(longest_segment: int) -> list[tuple[dict[str, str], dict[str, str]]]:
        station = Hj212(longest_segment=longest_segment)
        messages = station.encode_period(Command.MINUTE, minute, told, STATION, sent_at_ms=EVENING_MS)
        return [read(message.payload, longest_segment) for message in messages]

    [(_, whole)] = say(1024)
    parts = say(longest)
    assert len({head["QN"] for head, _ in parts}) == 1
    assert all(body["DataTime"] == "20260601205900" for _, body in parts)
    if len(parts) > 1:
        assert all(head["Flag"] == "6" and head["PNUM"] == str(len(parts)) for head, _ in parts)
        assert [head["PNO"] for head, _ in parts] == [str(number + 1) for number in range(len(parts))]
    assert {key: text for _, body in parts for key, text in body.items()} == whole


def test_a_segment_is_split_only_where_it_is_longer_than_it_may_be() -> None:
    said = report(STATION, WATER)
    (whole,) = Hj212().encode(said, STATION)
    length = int(whole.payload[2:6])
    assert Hj212(longest_segment=length).encode(said, STATION) == (whole,)
    parts = Hj212(longest_segment=length - 1).encode(said, STATION)
    assert len(parts) == 2
    assert [len(read(part.payload, length - 1)[1]) for part in parts] == [11, 3]


def test_no_sub_packet_is_longer_than_it_may_be() -> None:
    spans = {name: Aggregate(1234.5678, 1234.5678, 1234.5678) for name in FACTORS}
    for longest in range(230, 1025):
        station = Hj212(longest_segment=longest)
        for message in station.encode_period(Command.HOUR, EVENING_MS, spans, STATION, sent_at_ms=EVENING_MS):
            assert int(message.payload[2:6]) <= longest


def test_milliseconds_have_three_digits() -> None:
    (message,) = Hj212().encode(report(STATION, {"ph": 7.0}, EVENING_MS - 118), STATION)
    assert read(message.payload)[0]["QN"] == "20260601210000005"


def test_what_a_station_has_no_code_for_is_named_at_once() -> None:
    with pytest.raises(
        CannotSay, match=r"WM-320582-000007: HJ 212 has no word for battery_level, cover_open, tilt_angle"
    ):
        Hj212().encode(report(STATION, WATER | SHUT | {"ph": 7.0}), STATION)
    assert Hj212().unsayable(LIT, STATION) == LIT.keys()
    assert not Hj212().unsayable(WATER, STATION)


def test_a_segment_of_more_than_1024_bytes_is_no_frame() -> None:
    frame("x" * 1024)
    with pytest.raises(ValueError, match="at most 1024"):
        frame("x" * 1025)


def test_a_station_may_have_a_system_and_a_password_of_its_own() -> None:
    outlet = Device("O-1", "water_monitor", "p", mn="1", attributes={"hj212_st": 32, "hj212_password": "654321"})
    (message,) = Hj212().encode(report(outlet, {"ph": 7.0}), outlet)
    head, _ = read(message.payload)
    assert (head["ST"], head["PW"], head["MN"]) == ("32", "654321", "1")
