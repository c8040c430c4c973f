"""Flux literals, ranges and answers."""

import pytest

from tests.timeseries.building import NOON_MS
from timeseries.deduplication.classification import LAST_INSTANT_MS
from timeseries.influxdb.flux import instant, literal, parse_rows, source


@pytest.mark.parametrize(
    ("text", "written"),
    [("plain 路灯", '"plain 路灯"'), ('a"b\\', '"a\\"b\\\\"'), ("${x}\n\r\t", '"\\x24{x}\\n\\r\\t"')],
)
def test_a_text_cannot_break_out_of_its_literal(text: str, written: str) -> None:
    assert literal(text) == written


def test_a_range_holds_its_first_instant_and_not_its_last() -> None:
    asked = source("b", NOON_MS, NOON_MS + 1, "true")
    assert f"range(start: {instant(NOON_MS)}, stop: {instant(NOON_MS + 1)}) |> filter(fn: (r) => true)" in asked


@pytest.mark.parametrize(("from_ms", "to_ms"), [(5, 5), (6, 5), (2**70, None), (None, -3)])
def test_an_empty_range_asks_for_nothing_since_the_server_calls_it_an_error(
    from_ms: int | None, to_ms: int | None
) -> None:
    assert source("b", from_ms, to_ms, "true").endswith("filter(fn: (r) => false)")


def test_a_range_beyond_what_the_server_can_hold_is_cut() -> None:
    assert f"range(start: {instant(0)}, stop: {instant(LAST_INSTANT_MS)})" in source("b", -5, 2**70, "true")


def test_an_answer_of_several_tables_is_one_list_of_rows() -> None:
    answer = (
        ',result,_time,_value\r\n,mean,t1,1.5\r\n,mean,t2,"a\r\n\r\nb"\r\n\r\n,result,_time,other\r\n,last,t3,\r\n\r\n'
    )
    assert [(row["result"], row["_time"]) for row in parse_rows(answer)] == [
        ("mean", "t1"),
        ("mean", "t2"),
        ("last", "t3"),
    ]
    assert parse_rows(answer)[1]["_value"] == "a\r\n\r\nb"
    assert parse_rows(answer)[2]["other"] == ""
    assert parse_rows("") == parse_rows("\r\n") == []


def test_an_answer_that_breaks_off_with_an_error_is_no_answer() -> None:
    with pytest.raises(RuntimeError, match="runtime error: out of memory"):
        parse_rows(",result,_time\r\n,mean,t1\r\n\r\n,error,reference\r\n,runtime error: out of memory,897\r\n")
