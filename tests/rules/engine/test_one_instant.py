"""Several reports of one instant: folded in the order of their message ids, whatever the order of their arrival."""

from itertools import permutations
from typing import Any

import orjson
import pytest

from domain.events import Status
from domain.telemetry import Telemetry
from rules.engine.engine import Engine
from rules.engine.entries import MOST_OF_AN_INSTANT
from rules.engine.snapshots import decode_device_state, encode_device_state
from tests.rules.engines import at, engine_of, history, lamp, rule_set, tick

LOW = "{rule: low, kind: streetlight, when: reading.active_power < 5}"
RULES = (
    LOW,
    "{rule: twice, kind: streetlight, when: reading.active_power < 5, repeat: {times: 2, within: 5m}}",
    """{rule: peak, kind: streetlight, when: most > 90 && n > 1,
        signals: {most: {of: active_power, over: 5m, take: max}, n: {of: active_power, over: 5m, take: count}}}""",
    """{rule: steep, kind: streetlight, when: up > 100 || spread > 1000,
        signals: {up: {of: active_power, over: 5m, take: rate}, spread: {of: active_power, over: 5m, take: stddev}}}""",
)


def message(seq: str | None, minutes: float = 0, **readings: float | bool) -> Telemetry:
    found: dict[str, Any] = {
        "device_id": "L1",
        "kind": "streetlight",
        "observed_at_ms": at(minutes),
        "received_at_ms": at(minutes),
        "codec": "json",
        "readings": readings,
    }
    return found | ({} if seq is None else {"message_id": seq})  # type: ignore[return-value]


def judged(*reports: Telemetry, rules: tuple[str, ...] = (LOW,)) -> Engine:
    engine = engine_of(*rules)
    for one in reports:
        engine.report(one)
    return engine


def events(engine: Engine) -> list[tuple[str, float, float | None]]:
    return [
        (one.rule, one.opened_at_ms - at(0), None if one.cleared_at_ms is None else one.cleared_at_ms - at(0))
        for one in history([engine])
    ]


def test_a_clock_that_stands_still_does_not_make_one_instant_grow_without_end() -> None:
    """Before, each report of it was folded behind all others: a day of them took minutes."""
    engine = judged(*(message(str(number), active_power=96.0 + number % 7) for number in range(500)), rules=RULES)
    assert (engine.judged, engine.duplicate) == (MOST_OF_AN_INSTANT, 500 - MOST_OF_AN_INSTANT)
    engine.report(message(None, 1, active_power=2.0))
    assert ("low", 60_000, None) in events(engine)


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_an_alarm_of_the_same_instant_as_the_all_clear_before_it_is_raised(order: tuple[int, ...]) -> None:
    reports = [message("1", active_power=96.0), message("2", active_power=2.0)]
    assert events(judged(*(reports[i] for i in order))) == [("low", 0, None)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_value_that_comes_and_goes_within_an_instant_opens_and_clears(order: tuple[int, ...]) -> None:
    reports = [message("9", active_power=96.0), message("10", active_power=2.0), message("a", active_power=96.0)]
    assert events(judged(*(reports[i] for i in order))) == [("low", 0, 0)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_rule_opens_once_an_instant_and_what_holds_after_the_last_report_stands(order: tuple[int, ...]) -> None:
    reports = [message(None, active_power=2.0), message("1", active_power=96.0), message("2", active_power=3.0)]
    engine = judged(*(reports[i] for i in order))
    assert events(engine) == [("low", 0, None)]
    assert [one.value for one in history([engine])[0].evidence] == [2.0]


def test_the_same_values_under_another_message_change_nothing_until_another_comes_between() -> None:
    engine = judged(message("1", active_power=2.0), message("3", active_power=2.0))
    assert (engine.judged, engine.duplicate, events(engine)) == (1, 1, [("low", 0, None)])
    engine.report(message("2", active_power=96.0))
    assert (engine.judged, engine.duplicate, events(engine)) == (2, 1, [("low", 0, None)])


def test_under_one_message_the_first_value_counts() -> None:
    engine = judged(message("1", active_power=96.0), message("1", active_power=2.0))
    assert (engine.judged, engine.duplicate, events(engine)) == (1, 1, [])


def test_readings_of_the_instant_are_carried_forward() -> None:
    rule = "{rule: dark, kind: streetlight, when: reading.active_power < 5 && reading.dimming_level > 50}"
    engine = judged(message("2", active_power=2.0), message("1", dimming_level=80.0), rules=(rule,))
    assert events(engine) == [("dark", 0, None)]


def test_a_report_of_what_a_rule_does_not_read_is_no_second_look() -> None:
    rule = """{rule: once, kind: streetlight, when: reading.active_power < 5, clear_when: reading.active_power < 10,
        clear_for: 0s}"""
    other = "{rule: other, kind: streetlight, when: reading.dimming_level < 1}"
    alone = judged(message("1", active_power=2.0), message("2", dimming_level=80.0), rules=(rule,))
    beside = judged(message("1", active_power=2.0), message("2", dimming_level=80.0), rules=(rule, other))
    assert events(alone) == events(beside) == [("once", 0, None)]


def test_a_frame_of_the_same_message_counts_once_within_five_minutes() -> None:
    first, again, later = (message("7-ab", minutes, active_power=96.0) for minutes in (0, 5, 5.01))
    for one in (first, again, later):
        one["time_source"] = "network_server"
    engine = judged(first, again, later)
    assert (engine.judged, engine.duplicate) == (2, 1)


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_snapshot_between_any_two_reports_changes_nothing(cut: int) -> None:
    reports = [
        message(seq, minutes, active_power=power)
        for minutes, seq, power in (
            (0, "1", 96.0), (0, "3", 2.0), (0, "2", 97.0), (1, None, 2.0), (1, "-4", 3.0), (1, "x", 96.0),
            (1, "5", 96.0), (2, "1", 50.0),
        )
    ]  # fmt: skip
    whole = judged(*reports, rules=RULES)
    first = judged(*reports[:cut], rules=RULES)
    rules = rule_set(*RULES)
    kept = encode_device_state("streetlight", first.device_states["L1"])
    assert kept is not None
    decoded = decode_device_state("L1", orjson.dumps(orjson.loads(kept)), rules, lamp())
    assert decoded is not None
    second = engine_of(rules=rules)
    second.adopt(decoded[1])
    for one in reports[cut:]:
        second.report(one)
    tick(second, 2)
    tick(whole, 2)
    final = {raised.event.event_id: raised.event for raised in [*first.raised, *second.raised]}
    expected = {raised.event.event_id: raised.event for raised in whole.raised}
    assert final == expected
    assert {one.rule for one in expected.values() if one.status is not Status.WITHDRAWN} >= {"low", "peak"}
