"""What becomes of runs and open events when a rule changes, goes, or no longer fits a device."""

from dataclasses import replace

import pytest

from domain.devices import Device, DeviceState
from rules.engine.engine import Engine
from rules.engine.plans import RuleSet
from tests.rules.engines import LAMP_OUT, at, lamp, minutes, published, report, rule_set, tick

SILENT = "{rule: silent, kind: streetlight, no_data: 10m}"
OTHER = "{rule: other, kind: streetlight, when: reading.dimming_level < 50, for: 5m}"


class Bench:
    """One lamp under rules that change."""

    def __init__(self, *documents: str) -> None:
        self.device: Device | None = lamp()
        self.engine = Engine("streetlight", rule_set(*documents), lambda device_id: self.device)
        self.engine.refresh([lamp()])
        tick(self.engine, 0)

    def out(self, *at_minutes: float) -> None:
        for minute in at_minutes:
            self.engine.report(report(minute, 2.0))

    def versions(self, version: int, *documents: str) -> None:
        rules = rule_set(*documents).by_name.values()
        self.engine.set_rules(RuleSet(replace(rule, version=version) for rule in rules))

    @property
    def last(self) -> tuple[str, str | None, float | None]:
        raised = self.engine.raised[-1]
        return raised.transition.value, raised.event.reason, minutes(raised.event.cleared_at_ms)


def test_a_new_version_keeps_the_open_event_and_judges_it_by_its_own_clear_condition() -> None:
    bench = Bench(LAMP_OUT)
    bench.out(0, 1, 2)
    bench.versions(2, LAMP_OUT + "clear_when: reading.active_power > 90\n")
    for minute, power in ((3, 50.0), (4, 50.0), (5, 95.0), (6, 95.0)):
        bench.engine.report(report(minute, power))
    assert published(bench.engine) == [("opened", 2, None), ("cleared", 2, 6)]
    assert [raised.event.rule_version for raised in bench.engine.raised] == [1, 2]


def test_pending_runs_restart_under_a_new_version() -> None:
    bench = Bench(LAMP_OUT)
    bench.out(0, 1)
    bench.versions(2, LAMP_OUT)
    bench.out(2, 3)
    assert published(bench.engine) == []
    bench.out(4)
    assert published(bench.engine) == [("opened", 4, None)]


def test_clearing_that_was_under_way_restarts_under_a_new_version() -> None:
    bench = Bench(LAMP_OUT.replace("clear_for: 1m", "clear_for: 3m"))
    bench.out(0, 1, 2)
    for minute in (3, 4, 5):
        bench.engine.report(report(minute))
    bench.versions(2, LAMP_OUT.replace("clear_for: 1m", "clear_for: 3m"))
    bench.engine.report(report(6))
    assert published(bench.engine) == [("opened", 2, None)]
    for minute in (7, 8, 9):
        bench.engine.report(report(minute))
    assert published(bench.engine)[1:] == [("cleared", 2, 9)]


def test_a_removed_rule_clears_its_events_at_the_clock_with_its_reason() -> None:
    bench = Bench(LAMP_OUT, OTHER)
    bench.out(0, 1, 2)
    tick(bench.engine, 4)
    bench.versions(1, OTHER)
    assert bench.last == ("cleared", "rule_removed", 4)
    bench.out(5, 6, 7, 8)
    assert len(bench.engine.raised) == 2


def test_untouched_rules_keep_their_state() -> None:
    bench = Bench(LAMP_OUT)
    bench.out(0, 1)
    bench.versions(1, LAMP_OUT, OTHER)
    bench.out(2)
    assert published(bench.engine) == [("opened", 2, None)]
    bench.engine.report({**report(0.5), "readings": {"dimming_level": 80.0, "active_power": 96.0}})
    assert published(bench.engine)[1:] == [("withdrawn", 2, None)], "late data is still judged by them"


def test_a_new_rule_judges_only_reports_newer_than_those_before_it() -> None:
    bench = Bench(OTHER)
    bench.out(0, 1, 2)
    bench.versions(1, OTHER, LAMP_OUT)
    bench.out(0.5)
    bench.out(3, 4)
    assert published(bench.engine) == []
    bench.out(5)
    assert published(bench.engine) == [("opened", 5, None)]


@pytest.mark.parametrize(("mode", "reason"), [("off", "rule_off"), ("shadow", "rule_shadow")])
def test_a_rule_that_is_no_longer_live_clears_its_events(mode: str, reason: str) -> None:
    bench = Bench(LAMP_OUT)
    bench.out(0, 1, 2)
    bench.versions(2, LAMP_OUT + f"mode: {mode}\n")
    assert bench.last == ("cleared", reason, 2)


def test_a_silence_goes_on_under_a_new_version_and_ends_with_the_next_report() -> None:
    bench = Bench(SILENT)
    bench.engine.report(report(0))
    tick(bench.engine, 11)
    bench.versions(2, SILENT.replace("10m", "30m"))
    tick(bench.engine, 50)
    assert published(bench.engine) == [("opened", 10, None)]
    bench.engine.report(report(51))
    assert published(bench.engine)[1:] == [("cleared", 10, 51)]


def test_a_silence_published_by_a_rule_that_went_and_came_back_is_the_same_event() -> None:
    bench = Bench(SILENT, OTHER)
    bench.engine.report(report(0))
    tick(bench.engine, 11)
    bench.versions(1, OTHER)
    assert bench.last == ("cleared", "rule_removed", 11)
    bench.versions(2, SILENT, OTHER)
    tick(bench.engine, 12)
    first, _, again = (raised.event for raised in bench.engine.raised)
    assert (again.event_id, again.revision, again.status.value) == (first.event_id, 3, "open")


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        (None, "device_retired"),
        (lamp(state=DeviceState.SUSPENDED), "device_suspended"),
        (lamp(department="parks"), "not_applicable"),
    ],
)
def test_an_event_of_a_device_that_no_longer_fits_is_cleared(device: Device | None, reason: str) -> None:
    bench = Bench(LAMP_OUT + "where: device.department == 'lighting'\n")
    bench.out(0, 1, 2)
    bench.device = device
    bench.engine.refresh()
    assert bench.last == ("cleared", reason, 2)
    before = len(bench.engine.raised)
    bench.out(3, 4, 5, 6)
    tick(bench.engine, 30)
    assert len(bench.engine.raised) == before


def test_other_facts_of_a_device_count_from_the_next_report_on() -> None:
    bench = Bench("{rule: weak, kind: streetlight, when: reading.active_power < 0.2 * device.nominal_power}")
    bench.device = lamp(attributes={"nominal_power": 100})
    bench.engine.refresh()
    bench.engine.report(report(0, 15.0))
    assert published(bench.engine) == [("opened", 0, None)]
    bench.device = lamp(attributes={"nominal_power": 50})
    bench.engine.refresh()
    bench.engine.report(report(1, 15.0))
    assert published(bench.engine)[1:] == [("cleared", 0, 1)]


def test_silence_of_devices_that_never_reported_counts_from_a_new_rules_beginning_at_the_earliest() -> None:
    bench = Bench(OTHER)
    tick(bench.engine, 100)
    bench.versions(1, OTHER, SILENT)
    bench.engine.refresh([lamp()])
    tick(bench.engine, 109)
    assert published(bench.engine) == []
    tick(bench.engine, 110)
    assert published(bench.engine) == [("opened", 110, None)]
    assert bench.engine.raised[0].event.since_ms == at(100)
