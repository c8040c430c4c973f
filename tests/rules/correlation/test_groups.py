"""Groups, sentence by sentence: what makes one, what it is, and what it absorbs."""

import pytest

from domain.events import Severity, Transition
from tests.rules.correlation.bench import FEEDER_FAULT, GROUPING, LAMP_OUT, Bench, cabinet, lamp, ms, three_out


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


def test_a_groups_event_holds_what_its_members_and_its_parent_device_are() -> None:
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
