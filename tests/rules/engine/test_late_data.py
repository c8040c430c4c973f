"""Within lateness the final history does not depend on the order of arrival, and late data show what they change."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import Status
from domain.telemetry import Telemetry
from domain.time.units import MINUTE_MS
from rules.engine.engine import Engine
from tests.rules.engines import LAMP_OUT, T0_MS, engine_of, history, lamp, published, report, tick

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
        steps = draw(st.lists(st.integers(0, 40), max_size=25, unique=True))
        for step in steps:
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


@settings(max_examples=100, deadline=None)
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


@settings(max_examples=60, deadline=None)
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
