"""Sentence by sentence: what groups, suppression, flapping and silences promise, on one clock."""

from dataclasses import replace
from typing import Any

import pytest

from domain.events import Severity, Transition
from domain.time.units import MINUTE_MS
from rules.language.rule import Mode
from tests.rules.correlation.bench import (
    DIM_UNDER_LOSS,
    FEEDER_FAULT,
    LAMP_OUT,
    POWER_LOSS,
    Bench,
    cabinet,
    lamp,
    ms,
    raw_event,
    silence,
)

HOT = "{rule: hot, kind: streetlight, when: reading.gear_temperature > 90, flapping: {more_than: 2, within: 10m}}"
SUPPRESSION = (POWER_LOSS, DIM_UNDER_LOSS)
GROUPING = (LAMP_OUT, FEEDER_FAULT)


def three_out(bench: Bench) -> None:
    for n in (1, 2, 3):
        bench.opens("lamp-out", f"L{n}", n)


# Passing straight through


def test_events_of_rules_that_take_part_in_nothing_pass_byte_by_byte_at_once() -> None:
    bench = Bench(LAMP_OUT, *SUPPRESSION)
    event = raw_event("lamp-out", "L1", 5)
    bench.give(Transition.OPENED, event)
    assert [output.value for output in bench.published] == [event.model_dump_json().encode()]


def test_a_suppressor_itself_waits_for_nothing() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 5)
    assert bench.changes() == [("opened", "power-loss", "F1")]


def test_an_event_judged_over_history_is_not_correlated_and_leaves_the_others_alone() -> None:
    bench = Bench(*SUPPRESSION, LAMP_OUT)
    for rule in ("lamp-dim", "lamp-out"):
        bench.opens(rule, "L1", 50)
    bench.clock(50)
    bench.forget_published()
    for rule in ("lamp-dim", "lamp-out"):
        bench.opens(rule, "L1", 5, historical=True)
        bench.clears(rule, "L1", 5, 6, historical=True)
    assert [change[0] for change in bench.changes()] == ["opened", "cleared"] * 2
    bench.rules(*SUPPRESSION, *GROUPING)
    for n in (2, 3):
        bench.opens("lamp-out", f"L{n}", 50 + n)
    bench.clock(53)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 53, None, None)]


# Suppression


def test_a_child_waits_until_the_clock_of_every_partition_has_come_to_its_opening() -> None:
    bench = Bench(*SUPPRESSION, partitions=2)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(9, partition=0)
    assert bench.changes() == []
    bench.clock(5, partition=1)
    assert bench.changes() == [("opened", "lamp-dim", "L1")]


@pytest.mark.parametrize("grandparent", [False, True], ids=["parent", "grandparent"])
def test_a_child_that_opens_while_its_suppressor_is_open_is_not_created(grandparent: bool) -> None:
    between = [cabinet("B1", "F1"), lamp("L1", "B1")] if grandparent else [lamp("L1")]
    bench = Bench(*SUPPRESSION, devices=[cabinet(), *between])
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(20)
    bench.clears("lamp-dim", "L1", 5, 21)
    bench.clears("power-loss", "F1", 5, 30)
    bench.clock(40)
    assert bench.history("lamp-dim") == []


def test_a_suppressor_elsewhere_suppresses_nothing() -> None:
    bench = Bench(*SUPPRESSION, devices=[cabinet(), cabinet("F2"), lamp("L1")])
    bench.opens("power-loss", "F2", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clock(6)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 6, None, None)]


def test_a_circle_of_parents_does_no_harm() -> None:
    bench = Bench(*SUPPRESSION, devices=[cabinet("F1", "L1"), lamp("L1")])
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.clock(6)
    assert bench.history("lamp-dim") == []


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
def test_a_release_is_told_only_when_the_childs_next_report_cannot_deny_it_any_more(cabinet_first: bool) -> None:
    """Both clear at 17, which either's report of 20 tells."""
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


def test_a_release_that_nothing_denies_is_told_when_report_interval_and_clear_for_have_passed() -> None:
    bench = Bench(*CLEARS_SLOWLY, devices=EVERY_5_MIN)
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 5)
    bench.clears("power-loss", "F1", 5, 17)
    bench.clock(23.9)
    assert bench.history("lamp-dim") == []
    bench.clock(24)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 17, None, None)]


def test_a_release_is_told_at_once_when_it_is_known_how_long_it_lasted() -> None:
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


def test_a_child_goes_from_one_suppressor_under_the_next() -> None:
    bench = Bench(POWER_LOSS, "{rule: works, kind: cabinet, when: reading.cover_open}",
                  DIM_UNDER_LOSS.replace("suppressed_by: power-loss", "suppressed_by: [power-loss, works]"))  # fmt: skip
    bench.opens("power-loss", "F1", 5)
    bench.opens("lamp-dim", "L1", 6)
    bench.opens("works", "F1", 10)
    bench.clears("power-loss", "F1", 5, 20)
    bench.clock(25)
    assert bench.history("lamp-dim") == []
    bench.clears("works", "F1", 10, 30)
    bench.clock(40)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 30, None, None)]


def test_a_child_is_absorbed_when_the_suppressor_opens_later_and_free_when_it_clears() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(5)
    bench.opens("power-loss", "F1", 8)
    bench.clock(8)
    assert bench.event("lamp-dim", "L1")["absorbed_by"] == "power-loss"
    bench.clears("power-loss", "F1", 8, 12)
    bench.clock(12)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 5, None, None)]


def test_a_child_that_clears_under_its_suppressor_stays_absorbed() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("lamp-dim", "L1", 5)
    bench.opens("power-loss", "F1", 8)
    bench.clears("lamp-dim", "L1", 5, 12)
    bench.clears("power-loss", "F1", 8, 12)
    bench.clock(30)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 5, 12, "power-loss")]


def test_a_suppressor_learnt_of_late_withdraws_what_it_covers() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(6)
    bench.opens("power-loss", "F1", 4)
    event = bench.event("lamp-dim", "L1")
    assert (event["status"], event["reason"], event["absorbed_by"]) == ("withdrawn", "suppressed", "power-loss")


def test_a_suppressor_withdrawn_lets_its_children_open_at_their_own_time() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 4)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(6)
    bench.withdraws("power-loss", "F1", 4)
    assert bench.history("lamp-dim") == [("lamp-dim", "L1", 5, None, None)]


def test_a_child_withdrawn_while_it_was_suppressed_was_never_there() -> None:
    bench = Bench(*SUPPRESSION)
    bench.opens("power-loss", "F1", 4)
    bench.opens("lamp-dim", "L1", 5)
    bench.withdraws("lamp-dim", "L1", 5)
    bench.clears("power-loss", "F1", 4, 9)
    bench.clock(20)
    assert [change for change in bench.changes() if change[1] == "lamp-dim"] == []


def test_a_suppressed_suppressor_still_suppresses() -> None:
    bench = Bench("{rule: outage, kind: cabinet, when: reading.voltage < 1}",
                  POWER_LOSS[:-1] + ", suppressed_by: outage}", DIM_UNDER_LOSS)  # fmt: skip
    bench.opens("outage", "F1", 3)
    bench.opens("power-loss", "F1", 4)
    bench.opens("lamp-dim", "L1", 5)
    bench.clock(20)
    assert bench.changes() == [("opened", "outage", "F1")]


def test_a_group_suppresses_under_its_subject() -> None:
    bench = Bench(*GROUPING, DIM_UNDER_LOSS.replace("power-loss", "feeder-fault"))
    three_out(bench)
    bench.opens("lamp-dim", "L4", 4)
    bench.clock(5)
    assert bench.history("lamp-dim") == []
    for n in (1, 2, 3):
        bench.clears("lamp-out", f"L{n}", n, 10)
    bench.clock(20)
    assert bench.history("lamp-dim") == [("lamp-dim", "L4", 10, None, None)]


def escalations(bench: Bench) -> list[tuple[str, str]]:
    return [
        (o.transition.value, o.event["severity"]) for o in bench.published if o.transition is not Transition.CLEARED
    ]


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


# Groups


def test_several_rules_events_on_one_device_are_one_place_for_a_group() -> None:
    grades = [f"{{rule: out-{n}, kind: streetlight, when: reading.active_power < {n}}}" for n in (1, 2, 3)]
    bench = Bench(*grades, FEEDER_FAULT.replace("of: lamp-out", "of: [out-1, out-2, out-3]"))
    for n in (1, 2, 3):
        bench.opens(f"out-{n}", "L1", n)
    bench.opens("out-1", "L2", 4)
    bench.clock(5)
    assert bench.history("feeder-fault") == []
    bench.opens("out-2", "L3", 6)
    bench.clock(6)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 6, None, None)]
    assert bench.event("feeder-fault", "F1")["summary"]["en"] == "Feeder fault: 3 of out-1, out-2, out-3 at F1"


def test_a_group_opens_with_its_third_member_and_absorbs_those_before_and_after() -> None:
    bench = Bench(*GROUPING)
    three_out(bench)
    assert {event[4] for event in bench.history("lamp-out")} == {None}
    bench.clock(3)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 3, None, None)]
    assert {event[4] for event in bench.history("lamp-out")} == {"feeder-fault"}
    bench.forget_published()
    bench.opens("lamp-out", "L4", 4)
    assert [(o.transition.value, o.event["absorbed_by"]) for o in bench.published] == [("opened", "feeder-fault")]


def test_members_further_apart_than_within_are_no_group_and_old_ones_no_members() -> None:
    bench = Bench(*GROUPING)
    bench.opens("lamp-out", "L5", 1)
    for n, opened in ((1, 12), (2, 13)):
        bench.opens("lamp-out", f"L{n}", opened)
    bench.clock(13)
    assert bench.history("feeder-fault") == []
    bench.opens("lamp-out", "L3", 14)
    bench.clock(14)
    absorbed = {event[1]: event[4] for event in bench.history("lamp-out")}
    assert absorbed == {"L1": "feeder-fault", "L2": "feeder-fault", "L3": "feeder-fault", "L5": None}
    for n, opened in ((1, 12), (2, 13), (3, 14)):
        bench.clears("lamp-out", f"L{n}", opened, 20 + n)
    bench.clock(23)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 14, 23, None)]


def test_a_groups_event_says_what_its_members_and_its_parent_device_are() -> None:
    feeder = cabinet(component_code="0123", department="power", area="320582/110", lon=120.5, lat=31.9)
    bench = Bench(*GROUPING, devices=[feeder, *(lamp(f"L{n}") for n in (1, 2, 3))])
    three_out(bench)
    bench.clock(3)
    event = bench.event("feeder-fault", "F1")
    wanted = {
        "kind": "streetlight", "problem": "feeder-fault", "severity": "major", "since_ms": ms(1), "area": "320582/110",
        "department": "power", "component_code": "0123", "lon": 120.5, "lat": 31.9, "revision": 1,
    }  # fmt: skip
    assert wanted.items() <= event.items()
    assert event["summary"]["en"] == "Feeder fault: 3 of lamp-out at F1"


@pytest.mark.parametrize(
    ("by", "subject"),
    [
        ("area", "A/1"),
        ("area.division", "A"),
        ("area.street", "A/1"),
        ("grid", "G7"),
        ("feeder", "12"),
        ("spare", "true"),
    ],
)
def test_a_group_is_by_area_grid_or_any_attribute(by: str, subject: str) -> None:
    facts = {"area": "A/1", "grid": "G7", "attributes": {"feeder": 12, "spare": True}}
    bench = Bench(LAMP_OUT, FEEDER_FAULT.replace("by: parent", f"by: {by}"),
                  devices=[lamp(f"L{n}", None, **facts) for n in (1, 2, 3)])  # fmt: skip
    three_out(bench)
    bench.clock(3)
    assert bench.history("feeder-fault") == [("feeder-fault", subject, 3, None, None)]


def test_a_device_without_that_level_of_area_is_in_no_group() -> None:
    bench = Bench(LAMP_OUT, FEEDER_FAULT.replace("by: parent", "by: area.community"),
                  devices=[lamp(f"L{n}", None, area="A/1") for n in (1, 2, 3)])  # fmt: skip
    three_out(bench)
    bench.clock(3)
    assert bench.history("feeder-fault") == []


def test_a_groups_event_is_escalated_by_the_clock() -> None:
    bench = Bench(LAMP_OUT, FEEDER_FAULT + "escalate: [{after: 30m, severity: critical}]\n")
    three_out(bench)
    bench.clock(32.9)
    assert bench.event("feeder-fault", "F1")["severity"] == "major"
    bench.forget_published()
    bench.clock(33)
    assert [(o.transition.value, o.event["severity"]) for o in bench.published] == [("escalated", "critical")]


def test_a_late_change_of_a_member_moves_the_group() -> None:
    bench = Bench(*GROUPING)
    three_out(bench)
    bench.clock(5)
    before = bench.event("feeder-fault", "F1")
    bench.withdraws("lamp-out", "L3", 3)
    bench.opens("lamp-out", "L3", 4)
    bench.clock(6)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 4, None, None)]
    withdrawn = [output.event for output in bench.published if output.transition is Transition.WITHDRAWN]
    assert {event["event_id"] for event in withdrawn} >= {before["event_id"]}


def test_notification_of_members_waits_for_an_absorbing_group_but_not_of_critical_ones() -> None:
    bench = Bench(*GROUPING)
    bench.opens("lamp-out", "L1", 1)
    bench.opens("lamp-out", "L2", 1, severity=Severity.CRITICAL)
    assert [output.event["hold_ms"] for output in bench.published] == [120_000, 0]


def test_a_group_rule_put_in_force_tells_nothing_of_lone_events() -> None:
    bench = Bench(LAMP_OUT)
    bench.opens("lamp-out", "L1", 1)
    bench.clock(2)
    bench.forget_published()
    bench.rules(*GROUPING)
    assert bench.changes() == []


def test_a_group_of_groups_counts_their_events() -> None:
    district = "{rule: district, group: {of: feeder-fault, by: area, at_least: 2, within: 1h, absorbs: true}}"
    lamps = [lamp(f"L{n}", f"F{n % 2}") for n in range(6)]
    bench = Bench(*GROUPING, district, devices=[*(cabinet(f"F{n}", area="A/1") for n in (0, 1)), *lamps])
    for n in range(6):
        bench.opens("lamp-out", f"L{n}", n)
    bench.clock(6)
    assert bench.history("district") == [("district", "A/1", 5, None, None)]
    assert {event[4] for event in bench.history("feeder-fault")} == {"district"}


def test_a_group_that_would_count_itself_counts_the_rest() -> None:
    bench = Bench(LAMP_OUT, FEEDER_FAULT.replace("of: lamp-out", "of: [lamp-out, feeder-fault]"))
    three_out(bench)
    bench.clock(3)
    assert bench.history("feeder-fault") == [("feeder-fault", "F1", 3, None, None)]


# Changing rules


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


# Flapping


def test_one_opening_too_many_is_an_unstable_event_until_it_has_been_quiet() -> None:
    bench = Bench(HOT)
    for opened in (1, 3, 5, 7):
        bench.opens("hot", "L1", opened)
        bench.clears("hot", "L1", opened, opened + 1)
    bench.clock(16.9)
    event = bench.event("hot", "L1")
    assert (event["opened_at_ms"], event["status"], event["unstable"]) == (ms(5), "open", True)
    bench.clock(17)
    assert bench.history() == [("hot", "L1", 1, 2, None), ("hot", "L1", 3, 4, None), ("hot", "L1", 5, 17, None)]


def test_an_unstable_event_lasts_as_long_as_its_condition() -> None:
    bench = Bench(HOT)
    for opened in (1, 3):
        bench.opens("hot", "L1", opened)
        bench.clears("hot", "L1", opened, opened + 1)
    bench.opens("hot", "L1", 5)
    bench.clock(30)
    bench.clears("hot", "L1", 5, 31)
    bench.clock(31)
    assert bench.history()[-1] == ("hot", "L1", 5, 31, None)


def test_an_unstable_event_escalates_by_its_own_age() -> None:
    bench = Bench(HOT[:-1] + ", escalate: [{after: 8m, severity: major}, {after: 20m, severity: critical}]}")
    for opened in (1, 3, 5, 7, 9, 11):
        bench.opens("hot", "L1", opened)
        bench.clears("hot", "L1", opened, opened + 1)
    bench.clock(12.9)
    assert bench.event("hot", "L1")["severity"] == "minor"
    bench.forget_published()
    bench.clock(13)
    assert escalations(bench) == [("escalated", "major")]
    bench.clock(30)
    event = bench.event("hot", "L1")
    assert (event["cleared_at_ms"], event["severity"]) == (ms(21), "major")


# Silences


def test_an_open_event_is_silenced_from_the_start_of_a_silence_to_its_end() -> None:
    bench = Bench(LAMP_OUT)
    bench.clock(1)
    bench.silences(silence("works", starts=5, ends=10, rule="lamp-out"))
    bench.opens("lamp-out", "L1", 2)
    published = []
    for minute in (4, 5, 9, 10):
        bench.clock(minute)
        published.append(bench.event("lamp-out", "L1")["silenced_by"])
    assert published == [None, "works", "works", None]


@pytest.mark.parametrize(
    ("matches", "fits"),
    [
        ({"rule": "lamp-out"}, True),
        ({"rule": "other"}, False),
        ({"kind": "streetlight", "area": "A"}, True),
        ({"area": "A/1"}, True),
        ({"area": "A/11"}, False),
        ({"area": "A/1/2"}, False),
        ({"device_id": "L1"}, True),
        ({"device_id": "F1"}, False),
        ({"parent": "F1"}, True),
        ({"parent": "F2"}, False),
        ({"parent": "F1", "kind": "cabinet"}, False),
    ],
)
def test_a_silence_is_about_what_agrees_in_all_it_names(matches: dict[str, Any], fits: bool) -> None:
    bench = Bench(LAMP_OUT)
    bench.silences(silence("works", **matches))
    bench.opens("lamp-out", "L1", 2, area="A/1")
    assert (bench.published[0].event["silenced_by"] == "works") is fits


def test_an_event_that_clears_under_a_silence_stays_marked_and_one_taken_back_is_told_again() -> None:
    bench = Bench(LAMP_OUT)
    bench.silences(silence("works", ends=60, rule="lamp-out"))
    bench.opens("lamp-out", "L1", 2)
    bench.clears("lamp-out", "L1", 2, 5)
    bench.opens("lamp-out", "L2", 3)
    bench.clock(10)
    bench.silences()
    assert bench.event("lamp-out", "L2")["silenced_by"] is None
    assert bench.event("lamp-out", "L1")["status"] == "cleared"


def test_what_is_over_is_forgotten() -> None:
    bench = Bench(*SUPPRESSION, *GROUPING, HOT)
    three_out(bench)
    bench.opens("hot", "L1", 1)
    bench.clears("hot", "L1", 1, 2)
    for n in (1, 2, 3):
        bench.clears("lamp-out", f"L{n}", n, 9)
    bench.clock(10)
    bench.stage.take()
    for minute in (30, 60):
        bench.clock(minute)
    assert bench.stage.snapshot()["now"] == 60 * MINUTE_MS
    assert bench.stage.known() == 0
