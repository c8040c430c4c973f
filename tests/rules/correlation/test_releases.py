"""Releases, sentence by sentence: an event that opens when what suppressed it clears."""

import pytest

from domain.events import Severity, Transition
from tests.rules.correlation.bench import (
    DIM_UNDER_LOSS,
    FEEDER_FAULT,
    LAMP_OUT,
    POWER_LOSS,
    SUPPRESSION,
    Bench,
    cabinet,
    escalations,
    lamp,
    ms,
    raw_event,
    three_out,
)


@pytest.mark.parametrize(("cleared", "created"), [(20, None), (20.001, 20)], ids=["at that instant", "later"])
def test_a_child_still_true_opens_when_its_suppressor_clears(cleared: float, created: float | None) -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clears("power-loss", "F1", 5, 20)
    bench.clears("lamp-dim", "L1", 6, cleared)
    bench.clock(30)
    assert bench.history("lamp-dim") == ([("lamp-dim", "L1", created, cleared, None)] if created else [])
    if created:
        assert bench.event("lamp-dim", "L1")["since_ms"] == ms(6)


CLEARS_SLOWLY = (POWER_LOSS, DIM_UNDER_LOSS[:-1] + ", clear_for: 2m}")
EVERY_5_MIN = (cabinet(), lamp("L1", report_interval_s=300))


@pytest.mark.parametrize("cabinet_first", [True, False])
def test_a_release_is_published_only_when_the_childs_next_report_cannot_deny_it_any_more(cabinet_first: bool) -> None:
    """Both clear at 17, which either's report of 20 shows."""
    bench = Bench(*CLEARS_SLOWLY, devices=EVERY_5_MIN)
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(20)
    clearings = [("power-loss", "F1"), ("lamp-dim", "L1")]
    for rule, subject in clearings if cabinet_first else reversed(clearings):
        bench.clears(rule, subject, 5, 17)
        bench.clock(20.5)
    bench.clock(60)
    assert [change for change in bench.changes() if change[1] == "lamp-dim"] == []


def test_a_release_that_nothing_denies_is_published_when_report_interval_and_clear_for_have_passed() -> None:
    bench = Bench(*CLEARS_SLOWLY, devices=EVERY_5_MIN)
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 5)
    bench.clears("power-loss", "F1", 5, 17)
    bench.clock(23.9)
    assert bench.history("lamp-dim") == []
    bench.clock(24)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 17, None, None)]


def test_a_release_is_published_at_once_when_it_is_known_how_long_it_lasted() -> None:
    bench = Bench(*CLEARS_SLOWLY, devices=EVERY_5_MIN)
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 5)
    bench.clears("power-loss", "F1", 5, 17)
    bench.clears("lamp-dim", "L1", 5, 18)
    bench.clock(20)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 17, 18, None)]


def test_what_waits_for_its_release_makes_no_group_yet_and_then_at_its_own_time() -> None:
    out = LAMP_OUT[:-1] + ", suppressed_by: power-loss}"
    bench = Bench(POWER_LOSS, out, FEEDER_FAULT)
    bench.opens("power-loss", "F1", 1)
    three_out(bench)
    bench.clears("power-loss", "F1", 1, 20)
    bench.clock(29.9)
    assert bench.history("feeder-fault") == []
    bench.clock(30)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 20, None, None)]


def test_a_release_that_waits_long_is_not_settled_meanwhile() -> None:
    bench = Bench(*SUPPRESSION, devices=[cabinet(), lamp("L1", report_interval_s=7200)])
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clears("power-loss", "F1", 5, 20)
    for minute in range(20, 141, 5):
        bench.clock(minute)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 20, None, None)]


def test_a_released_event_escalates_by_its_own_opening() -> None:
    bench = Bench(POWER_LOSS, DIM_UNDER_LOSS[:-1] + ", escalate: [{after: 30m, severity: critical}]}")
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clears("power-loss", "F1", 5, 20)
    bench.clock(30)
    bench.forget_published()
    worse = raw_event("lamp-dim", "L1", 6, revision=2, severity=Severity.CRITICAL)
    bench.give(Transition.ESCALATED, worse)  # as its device counts: 30 minutes from 6 on
    bench.clock(49.9)
    assert bench.changes() == []
    bench.clock(50)
    assert escalations(bench) == [("escalated", "critical")]


def test_a_released_event_over_before_its_step_never_escalates() -> None:
    bench = Bench(POWER_LOSS, DIM_UNDER_LOSS[:-1] + ", escalate: [{after: 10m, severity: critical}]}")
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clears("power-loss", "F1", 5, 20)
    bench.clears("lamp-dim", "L1", 6, 30, severity=Severity.CRITICAL)  # at the very instant of the step
    bench.clock(60)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 20, 30, None)]
    assert {output.event["severity"] for output in bench.published if output.event["rule"] == "lamp-dim"} == {"minor"}
