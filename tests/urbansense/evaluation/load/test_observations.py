"""What the observer makes of the log."""

from tests.urbansense.evaluation.load.reports import START_MS, plan, reports_of
from urbansense.evaluation.load.observations import Observations, tripping_messages


def test_every_other_report_of_every_probe_device_trips() -> None:
    assert tripping_messages(plan()).tolist() == [10, 15, 30, 35, 50, 55, 70, 75, 90, 95]


def test_a_report_seen_again_is_a_duplicate_and_counts_once() -> None:
    sights = Observations(plan(), START_MS)
    sights.take_reports(reports_of(sights.plan, [1, 2, 2, 3]), START_MS + 500)
    sights.take_reports(reports_of(sights.plan, [3, 4]), START_MS + 1500)
    assert (sights.distinct, sights.duplicates, sights.strange) == (4, 2, 0)
    assert sights.log.whole.count == 4
    assert {second: ages.count for second, ages in sights.log.by_second.items()} == {0: 3, 1: 1}


def test_the_age_counts_from_the_intended_time() -> None:
    sights = Observations(plan(), START_MS)
    sights.take_reports(reports_of(sights.plan, [20]), START_MS + 2000 + 750)
    assert sights.log.whole.max_ms == 750


def test_a_report_with_another_time_than_intended_is_strange_and_not_seen() -> None:
    sights = Observations(plan(), START_MS)
    report = reports_of(sights.plan, [5])[0]
    sights.take_reports([{**report, "observed_at_ms": report["observed_at_ms"] + 1}], START_MS + 900)
    assert (sights.distinct, sights.strange) == (0, 1)


def test_reports_of_the_rehearsal_and_of_an_earlier_run_are_passed_over() -> None:
    sights = Observations(plan(), START_MS)
    report = reports_of(sights.plan, [5])[0]
    earlier = {**report, "observed_at_ms": report["observed_at_ms"] - 60_000}
    sights.take_reports([earlier, {"device_id": "LOAD-0000001", "observed_at_ms": START_MS}], START_MS + 900)
    assert (sights.distinct, sights.strange, sights.duplicates) == (0, 0, 0)


def test_an_event_counts_once_whatever_its_later_revisions_say() -> None:
    sights = Observations(plan(), START_MS)
    told = reports_of(sights.plan, [10])[0]
    event = {"subject": told["device_id"], "opened_at_ms": told["observed_at_ms"], "status": "open"}
    for status, late_ms in (("open", 300), ("open", 900), ("cleared", 1200)):
        sights.take_event({**event, "status": status}, told["observed_at_ms"] + late_ms)
    sights.take_event({**event, "subject": "LOAD-0000003"}, START_MS + 5000)
    assert sights.opened == {10}
    assert (sights.event.whole.count, sights.event.whole.max_ms) == (1, 300)
