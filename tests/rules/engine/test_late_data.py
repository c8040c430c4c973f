"""Within lateness the final history does not depend on the order of arrival, and late data show what they change."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import Status
from domain.telemetry import Telemetry
from domain.time.units import MINUTE_MS
from rules.engine.engine import Engine
from rules.engine.snapshots import decode_device_state, encode_device_state
from tests.rules.engines import LAMP_OUT, T0_MS, engine_of, history, lamp, published, report, tick


def restarted(engine: Engine) -> Engine:
    """An engine that goes on from the snapshots of another."""
    successor = engine_of(rules=engine.rules)
    successor.restore(engine.rules, orjson.loads(orjson.dumps(engine.snapshot())))
    for device_id, device_state in engine.device_states.items():
        written = encode_device_state(engine.kind, device_state)
        decoded = decode_device_state(device_id, written or b"", engine.rules, device_state.device)
        assert decoded is not None
        successor.adopt(decoded[1])
    return successor


RULES = (
    LAMP_OUT,
    "{rule: silent, kind: streetlight, no_data: 4m}",
    """{rule: bright, kind: streetlight, when: reading.active_power > 90, for: 90s, gap: 2m,
        clear_when: reading.active_power < 50 || reading.dimming_level == 0, clear_for: 1m}""",
    "{rule: level, kind: streetlight, when: reading.dimming_level < 30}",
    """{rule: signals, kind: streetlight, for: 30s, escalate: [{after: 2m, severity: major}], when: power < 50 && n > 2,
        signals: {power: {of: active_power, over: 3m, take: mean}, n: {of: active_power, over: 20m, take: count}}}""",
    """{rule: spread, kind: streetlight, when: high - low > 30 && up > -900,
        signals: {low: {of: active_power, over: 90s, take: min}, high: {of: active_power, over: 5m, take: max},
                  up: {of: active_power, over: 4m, take: rate}}}""",
    """{rule: falling, kind: streetlight, when: soon < 0.02 || jitter > 30,
        signals: {soon: {of: active_power, over: 4m, take: forecast, falls_to: 10, within: 1h},
                  jitter: {of: active_power, over: 2m, take: stddev}}}""",
    "{rule: again, kind: streetlight, when: reading.active_power < 5, repeat: {times: 3, within: 5m}, clear_for: 1m}",
    "{rule: early, kind: streetlight, active: {hours: daily 04:28-04:36}, when: reading.active_power < 70, for: 90s}",
    "{rule: early-silence, kind: streetlight, active: {hours: daily 04:28-04:36}, no_data: 3m}",
)
LATENESS_STEPS = 10
STEP_MS = 30_000


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[int, Telemetry]]:
    """Reports with the instants of their arrival, each within five minutes of its observation; some sent twice."""
    reports = []
    for device in ("L1", "L2"):
        steps = draw(st.lists(st.integers(0, 40), max_size=20, unique=True))
        ids = st.lists(st.sampled_from([None, "1", "2", "10", "x"]), min_size=1, max_size=3, unique=True)
        for step, seq in [(step, seq) for step in steps for seq in draw(ids)]:
            readings = draw(
                st.sampled_from(
                    [
                        {"dimming_level": 80.0, "active_power": 2.0}, {"dimming_level": 80.0, "active_power": 96.0},
                        {"dimming_level": 80.0, "active_power": 60.0}, {"dimming_level": 0.0, "active_power": 1.0},
                        {"dimming_level": 20.0}, {"voltage": 230.0},
                    ]
                )
            )  # fmt: skip
            observed = T0_MS + step * STEP_MS
            reported: dict[str, Any] = {**report(0, device_id=device), "observed_at_ms": observed, "readings": readings}
            if seq is not None:
                reported["message_id"] = seq
            delays = draw(st.lists(st.integers(0, LATENESS_STEPS), min_size=1, max_size=2))
            reports += [(observed + delay * STEP_MS, reported) for delay in delays]
    return reports  # type: ignore[return-value]


def run(arrivals: list[tuple[int, Telemetry]]) -> Engine:
    """Reports in order of arrival, the clock half a minute behind until the end."""
    engine = engine_of(*RULES, devices=[lamp(name) for name in ("L1", "L2")])
    tick(engine, -1)
    for at_ms, reported in arrivals:
        tick(engine, (at_ms - T0_MS) / MINUTE_MS)
        engine.report(reported)
    tick(engine, 60)
    return engine


@settings(max_examples=100)
@given(arrivals=arrivals(), data=st.data())
def test_any_reordering_within_lateness_and_any_duplication_gives_the_same_history(
    arrivals: list[tuple[int, Telemetry]], data: st.DataObject
) -> None:
    in_time = run(
        sorted(((reported["observed_at_ms"], reported) for _, reported in arrivals), key=lambda pair: pair[0])
    )
    shuffled = data.draw(st.permutations(arrivals))
    late = run(sorted(shuffled, key=lambda pair: pair[0]))
    assert late.too_late == 0
    assert history([late]) == history([in_time])


@settings(max_examples=60)
@given(arrivals=arrivals())
def test_revisions_grow_by_one_and_at_most_one_event_is_open_for_rule_and_device(
    arrivals: list[tuple[int, Telemetry]],
) -> None:
    revisions: dict[Any, int] = {}
    engine = engine_of(*RULES, devices=[lamp(name) for name in ("L1", "L2")])
    tick(engine, -1)
    for at_ms, reported in sorted(arrivals, key=lambda pair: pair[0]):
        tick(engine, (at_ms - T0_MS) / MINUTE_MS)
        engine.report(reported)
        final = {raised.event.event_id: raised.event for raised in engine.raised}
        opened = [(event.rule, event.subject) for event in final.values() if event.status is Status.OPEN]
        assert len(opened) == len(set(opened))
    for raised in engine.raised:
        assert raised.event.revision == revisions.get(raised.event.event_id, 0) + 1
        revisions[raised.event.event_id] = raised.event.revision


def test_a_late_reading_that_moves_the_opening_withdraws_the_event_and_replaces_it() -> None:
    engine = engine_of(LAMP_OUT)
    for minute in (1, 2, 3):
        engine.report(report(minute, 2.0))
    engine.report(report(0, 2.0))
    assert published(engine) == [("opened", 3, None), ("withdrawn", 3, None), ("opened", 2, None)]
    first, _, second = (raised.event for raised in engine.raised)
    assert second.replaces == first.event_id


def test_a_late_reading_may_withdraw_an_event_that_was_cleared() -> None:
    engine = engine_of(LAMP_OUT)
    for minute, power in ((0, 2.0), (2, 2.0), (3, 96.0), (4, 96.0)):
        engine.report(report(minute, power))
    engine.report(report(1, 96.0))
    assert published(engine) == [("opened", 2, None), ("cleared", 2, 4), ("withdrawn", 2, 4)]


def test_a_late_reading_may_reopen_an_event_that_was_cleared() -> None:
    engine = engine_of("{rule: low, kind: streetlight, when: reading.active_power < 5, clear_for: 2m, gap: 10m}")
    for minute, power in ((0, 2.0), (1, 96.0), (3, 96.0)):
        engine.report(report(minute, power))
    engine.report(report(2, 2.0))
    assert published(engine) == [("opened", 0, None), ("cleared", 0, 3), ("amended", 0, None)]
    assert engine.raised[-1].event.status == "open"


@pytest.mark.parametrize("settles", [False, True])
def test_an_event_that_comes_back_goes_on_with_its_revisions(settles: bool) -> None:
    engine = engine_of(LAMP_OUT)
    for minute in (1, 2, 3):
        engine.report(report(minute, 2.0))
    engine.report(report(0, 2.0))
    assert published(engine)[1:] == [("withdrawn", 3, None), ("opened", 2, None)]
    if settles:
        tick(engine, 5.25)
        engine.report(report(5, 2.0))
        assert engine.device_states["L1"].settled_ms == T0_MS
    engine.report(report(0.5, 96.0))
    tick(engine, 5.5)
    assert published(engine)[3:] == [("withdrawn", 2, None), ("opened", 3, None)]
    assert [raised.event.revision for raised in engine.raised] == [1, 2, 1, 2, 3]


def test_a_reading_that_breaks_the_run_late_withdraws_the_event_for_good() -> None:
    engine = engine_of("{rule: low, kind: streetlight, when: reading.active_power < 5, for: 2m, gap: 2m}")
    engine.report(report(0, 2.0))
    engine.report(report(2, 2.0))
    engine.report(report(1, 96.0))
    engine.report(report(3, 2.0))
    engine.report(report(4, 2.0))
    assert published(engine) == [("opened", 2, None), ("withdrawn", 2, None), ("opened", 4, None)]


def test_evidence_follows_the_readings_that_late_data_brought() -> None:
    engine = engine_of(LAMP_OUT)
    engine.report(report(0, 2.0))
    engine.report(report(3, 3.0))
    engine.report(report(2, 1.0))
    assert published(engine) == [("opened", 2, None), ("amended", 2, None)]
    assert [e.value for e in engine.raised[-1].event.evidence if e.quantity == "active_power"] == [2.0, 1.0]


SILENT = "{rule: silent, kind: streetlight, no_data: 5m, lateness: 1h}"


def backlog(*minutes: float, rules: tuple[str, ...] = (SILENT,), power: float = 2.0) -> Engine:
    """A lamp that reported at 0, and at 20m hands over what it measured at these minutes, in this order."""
    engine = engine_of(*rules)
    for minute in range(20):
        tick(engine, minute)
        if minute == 0:
            engine.report(report(0, 96.0))
    tick(engine, 19.99)
    for late in minutes:
        engine.report(report(late, power))
    tick(engine, 20)
    return engine


def test_a_backlog_raises_one_silence_and_none_that_never_was() -> None:
    """Before, each report moved the silence on, and each move was an event."""
    engine = backlog(1, 2, 3)
    assert published(engine) == [("opened", 5, None), ("withdrawn", 5, None), ("opened", 8, None)]
    assert engine.raised[-1].event.replaces == engine.raised[0].event.event_id


@pytest.mark.parametrize("order", [range(1, 21), range(20, 0, -1), [*range(11, 21), *range(10, 0, -1)]])
def test_a_backlog_that_fills_the_silence_withdraws_it_in_whatever_order_it_comes(order: Any) -> None:
    final = [item for item in published(backlog(*order)) if item[0] != "cleared"]
    assert final == [("opened", 5, None), ("withdrawn", 5, 20 if order[0] == 20 else None)]


def test_a_report_that_is_the_newest_ends_a_silence_at_once() -> None:
    engine = backlog()
    engine.report(report(20.1))
    assert published(engine) == [("opened", 5, None), ("cleared", 5, 20.1)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{rule: low, kind: streetlight, when: reading.active_power < 5, for: 3m, gap: 2m, lateness: 1h}", 4),
        (
            "{rule: low, kind: streetlight, when: reading.active_power < 5, repeat: {times: 4, within: 9m}, lateness: 1h}",
            4,
        ),
        (
            "{rule: low, kind: streetlight, when: n > 3, lateness: 1h, "
            "signals: {n: {of: active_power, over: 3h, take: count}}}",
            3,
        ),
    ],
)
def test_a_backlog_that_comes_newest_first_opens_one_event(rule: str, expected: float) -> None:
    """Absence judges runs, counts and windows too: what is missing from them is only still to be placed."""
    engine = backlog(*range(12, 0, -1), rules=(rule,))
    standing = history([engine])
    assert [(event.opened_at_ms - T0_MS) / MINUTE_MS for event in standing] == [expected]
    assert [transition for transition, *_ in published(engine)].count("opened") <= 2, published(engine)


def test_a_stale_event_is_amended_once_by_a_backlog() -> None:
    rule = "{rule: low, kind: streetlight, when: reading.active_power > 90, clear_for: 1h, gap: 3m, lateness: 1h}"
    engine = backlog(*range(1, 18), rules=(rule,), power=96.0)
    assert published(engine) == [("opened", 0, None), ("amended", 0, None), ("amended", 0, None)]
    assert [raised.event.stale for raised in engine.raised] == [False, True, False]


def test_what_waits_for_the_clock_outlives_a_restart() -> None:
    engine = engine_of(SILENT)
    for minute in range(20):
        tick(engine, minute)
        if minute == 0:
            engine.report(report(0))
    for late in (1, 2, 3):
        engine.report(report(late))
    restored = restarted(engine)
    tick(restored, 20)
    assert published(restored) == [("withdrawn", 5, None), ("opened", 8, None)]
