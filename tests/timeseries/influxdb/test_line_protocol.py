"""Line protocol against a reader written from the specification, and against lines as they must stand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeseries.building import LAMP, NOON_MS, event, gateway_timed, report
from tests.timeseries.influxdb.line_parser import parse_line
from timeseries.deduplication.classification import Fresh
from timeseries.influxdb.line_protocol import (
    carried,
    escaped,
    float_field,
    integer_field,
    point,
    series_key,
    string_field,
    text_field,
    uncarried,
)
from timeseries.influxdb.points import event_line, report_line

any_text = st.text(st.characters(exclude_categories=["Cs"]))
hostile_text = st.text(st.sampled_from('ab,= "\\\n\r\t\x00%#0A路{}$'), max_size=12) | any_text
numbers = st.floats(allow_nan=False, allow_infinity=False)


def line_of(sent: Any, *, merges: bool = False, readings: Any = None) -> str:
    return report_line(Fresh(sent, sent["readings"] if readings is None else readings, ("t", 0), merges))


GOLDEN = [
    (
        report({"active_power": 96.2, "voltage": 229, "alarm": True}, message_id="41", quality={"voltage": "suspect"}),
        "streetlight,area=320582/110/152/102,device_id=SL-320582-000123 active_power=96.2,voltage=229.0,alarm=1.0,"
        '_q_voltage="suspect",received_at_ms=1763812800287i,message_id="41" 1763812800000',
    ),
    (
        gateway_timed({"ph": 1e-7}, NOON_MS, kind="water_monitor", area="", department="水务, 北"),
        "water_monitor,department=水务\\,\\ 北,device_id=SL-320582-000123 ph=1e-07,"
        'received_at_ms=1763812800000i,time_source="gateway" 1763812800000',
    ),
    (
        report({"odd field,a=b": 1.0}, device_id="a\\", area="two\nlines", message_id='q"uo\\te\n', kind="#hash =,"),
        r'%23hash\ =\,,area=two%0Alines,device_id=a%5C odd\ field\,a\=b=1.0,'
        r'received_at_ms=1763812800287i,message_id="q\"uo%5Cte%0A" 1763812800000',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "line"), GOLDEN)
def test_a_report_is_the_line_it_must_be(sent: Any, line: str) -> None:
    assert line_of(sent) == line


def test_what_merges_into_a_known_instant_leaves_what_came_with_the_first_report() -> None:
    sent = report({"voltage": 1.0, "current": 2.0}, message_id="9", quality={"voltage": "bad", "current": "bad"})
    line = line_of(sent, merges=True, readings={"current": 2.0})
    assert parse_line(line).fields == {"current": 2.0, "_q_current": "bad"}


@pytest.mark.parametrize("taken", ["received_at_ms", "message_id", "time_source", "_q_voltage", "_time"])
def test_a_reading_whose_name_stands_for_something_else_is_no_line(taken: str) -> None:
    with pytest.raises(ValueError, match="the name is taken"):
        line_of(report({taken: 1.0}))


@given(hostile_text)
def test_what_is_carried_comes_back_and_holds_no_control_character(text: str) -> None:
    assert uncarried(carried(text)) == text
    assert not any(ord(character) < 32 or character in "\x7f\\" for character in carried(text))


@given(hostile_text.filter(bool), hostile_text, hostile_text.filter(bool), numbers, hostile_text, st.integers(0, 2**53))
def test_any_text_and_number_comes_back_from_a_line(
    measurement: str, tag: str, key: str, number: float, text: str, time_ms: int
) -> None:
    given = {key: float_field(number), f"{key}2": integer_field(time_ms), f"{key}3": text_field(text)}
    fields = [f"{escaped(name)}={value}" for name, value in given.items()]
    read = parse_line(point(series_key(measurement, ("area", tag), ("device_id", "d")), fields, time_ms))

    assert uncarried(read.measurement) == measurement
    tags = {name: uncarried(value) for name, value in read.tags.items()}
    assert tags == ({"area": tag, "device_id": "d"} if tag else {"device_id": "d"})
    names = {uncarried(name): value for name, value in read.fields.items()}
    assert names == {key: number, f"{key}2": time_ms, f"{key}3": carried(text)}
    assert read.time == time_ms


@given(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])))
def test_a_string_field_needs_no_other_escape_than_its_quotes_and_backslashes(text: str) -> None:
    assert parse_line(f"m f={string_field(text)} 1").fields == {"f": text}


@given(hostile_text)
def test_the_whole_of_an_event_is_in_its_line(text: str) -> None:
    sent = event(rule="r" + text, subject=text or LAMP, area=text, summary={"en": text, "zh": text})
    read = parse_line(event_line(sent))
    assert read.fields["body"] == sent.model_dump_json()
    assert (read.measurement, uncarried(read.tags["rule"])) == ("city_event", "r" + text)
    assert read.fields["revision"] == 1


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_never_written(number: float) -> None:
    with pytest.raises(ValueError, match="no field value"):
        float_field(number)


@pytest.mark.parametrize("text", ["a\nb", "a\r"])
def test_a_string_field_never_breaks_the_line(text: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        string_field(text)
