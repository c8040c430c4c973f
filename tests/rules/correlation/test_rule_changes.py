"""What becomes of correlated events when rules are put in force, changed and removed."""

from dataclasses import replace

import pytest

from rules.language.rule import Mode
from tests.rules.correlation.bench import (
    FEEDER_FAULT,
    GROUPING,
    LAMP_OUT,
    POWER_LOSS,
    SUPPRESSION,
    Bench,
    cabinet,
    lamp,
    ms,
    three_out,
)


def test_a_group_rule_put_in_force_publishes_nothing_of_lone_events() -> None:
    bench = Bench(LAMP_OUT)
    bench.opens("lamp-out", "L1", 1)
    bench.clock(2)
    bench.forget_published()
    bench.rules(*GROUPING)
    assert bench.changes() == []


def test_a_group_rule_removed_clears_its_event_and_frees_its_members() -> None:
    bench = Bench(*GROUPING)
    three_out(bench)
    bench.clock(5)
    bench.rules(LAMP_OUT)
    event = bench.event("feeder-fault", "F1")
    assert (event["status"], event["cleared_at_ms"], event["reason"]) == ("cleared", ms(5), "rule_removed")
    assert {e[4] for e in bench.history("lamp-out")} == {None}


@pytest.mark.parametrize(("mode", "reason"), [(Mode.OFF, "rule_off"), (Mode.SHADOW, "rule_shadow")])
def test_a_group_rule_taken_out_of_live_clears_its_event(mode: Mode, reason: str) -> None:
    bench = Bench(*GROUPING)
    three_out(bench)
    bench.clock(5)
    bench.rules(*GROUPING, change=lambda rule: replace(rule, mode=mode, version=2) if rule.group else rule)
    live = [o.event for o in bench.published if o.event["rule"] == "feeder-fault" and not o.in_shadow]
    assert (live[-1]["status"], live[-1]["reason"]) == ("cleared", reason)


def test_a_new_version_of_a_group_rule_keeps_its_open_event() -> None:
    bench = Bench(*GROUPING)
    three_out(bench)
    bench.clock(5)
    bench.forget_published()
    bench.rules(LAMP_OUT, FEEDER_FAULT.replace("at_least: 3", "at_least: 4"), change=lambda r: replace(r, version=2))
    assert bench.changes() == []
    for n in (1, 2, 3):
        bench.clears("lamp-out", f"L{n}", n, 10 + n)
    bench.clock(20)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 3, 13, None)]


def test_a_group_rule_put_in_force_over_enough_open_events_opens_now() -> None:
    bench = Bench(LAMP_OUT)
    three_out(bench)
    bench.clock(5)
    bench.rules(*GROUPING)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 5, None, None)]
    assert {event[4] for event in bench.history("lamp-out")} == {"feeder-fault"}
    assert bench.event("feeder-fault", "F1")["kind"] == "streetlight"


def test_a_group_rule_with_another_by_gathers_its_members_there_and_no_longer_here() -> None:
    bench = Bench(*GROUPING, devices=[cabinet(), *(lamp(f"L{n}", area="A/1") for n in (1, 2, 3))])
    three_out(bench)
    bench.clock(5)
    bench.rules(LAMP_OUT, FEEDER_FAULT.replace("by: parent", "by: area"), change=lambda r: replace(r, version=2))
    assert bench.history("feeder-fault") == [
        ("feeder-fault", "A/1", 5, None, None),
        ("feeder-fault", "F1", 3, 5, None),
    ]
    assert bench.event("feeder-fault", "F1")["reason"] == "not_applicable"


def test_what_a_new_group_rule_counts_is_kept_over_a_restart() -> None:
    many = FEEDER_FAULT.replace("feeder-fault", "many").replace("at_least: 3", "at_least: 5")
    three = FEEDER_FAULT.replace("absorbs: true", "absorbs: false")
    bench = Bench(LAMP_OUT, many)
    for n in (1, 2):
        bench.opens("lamp-out", f"L{n}", n)
    bench.clock(5)
    bench.rules(LAMP_OUT, many, three)
    after = bench.restarted(LAMP_OUT, many, three)
    after.opens("lamp-out", "L3", 6)
    after.clock(6)
    assert after.history("feeder-fault") == [("feeder-fault", "F1", 6, None, None)]


def test_a_suppression_dropped_from_a_rule_lets_its_events_open_now_and_one_removed_rule_makes_none() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 1)
    bench.opens("lamp-dim", "L1", 2)
    bench.clock(5)
    bench.rules(POWER_LOSS, "{rule: lamp-dim, kind: streetlight, when: reading.active_power < 50}",
                change=lambda rule: replace(rule, version=2))  # fmt: skip
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 5, None, None)]
    other = Bench(*SUPPRESSION)
    other.opens("power-loss", "F1", 1)
    other.opens("lamp-dim", "L1", 2)
    other.clock(5)
    other.rules(POWER_LOSS)
    assert other.history("lamp-dim") == []


def test_a_suppression_given_to_a_rule_keeps_what_is_open() -> None:
    bench = Bench(POWER_LOSS, "{rule: lamp-dim, kind: streetlight, when: reading.active_power < 50}")
    bench.opens("power-loss", "F1", 1)
    bench.opens("lamp-dim", "L1", 2)
    bench.clock(5)
    bench.rules(*SUPPRESSION, change=lambda rule: replace(rule, version=2))
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 2, None, "power-loss")]
    bench.opens("lamp-dim", "L2", 6)
    bench.clock(7)
    assert [event[1] for event in bench.history("lamp-dim")] == ["L1"]
