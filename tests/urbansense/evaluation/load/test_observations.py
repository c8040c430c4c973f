"""What the observer makes of the log."""

from tests.urbansense.evaluation.load.reports import START_MS, plan, reports_of
from urbansense.evaluation.load.observations import Observations, tripping_messages


def test_every_other_report_of_every_probe_device_trips() -> None:
    assert tripping_messages(plan()).tolist() == [10, 15, 30, 35, 50, 55, 70, 75, 90, 95]


def test_a_report_seen_again_is_a_duplicate_and_counts_once() -> None:
    observations = Observations(plan(), START_MS)
    observations.take_reports(reports_of(observations.plan, [1, 2, 2, 3]), START_MS + 500)
    observations.take_reports(reports_of(observations.plan, [3, 4]), START_MS + 1500)
    assert (observations.distinct, observations.duplicates, observations.strange) == (4, 2, 0)
    assert observations.log.whole.count == 4
    assert {second: ages.count for second, ages in observations.log.by_second.items()} == {0: 3, 1: 1}


def test_the_age_counts_from_the_intended_time() -> None:
    observations = Observations(plan(), START_MS)
    observations.take_reports(reports_of(observations.plan, [20]), START_MS + 2000 + 750)
    assert observations.log.whole.max_ms == 750


def test_a_report_with_another_time_than_intended_is_strange_and_not_seen() -> None:
    observations = Observations(plan(), START_MS)
    report = reports_of(observations.plan, [5])[0]
    observations.take_reports([{**report, "observed_at_ms": report["observed_at_ms"] + 1}], START_MS + 900)
    assert (observations.distinct, observations.strange) == (0, 1)


def test_reports_of_the_rehearsal_and_of_an_earlier_run_are_passed_over() -> None:
    observations = Observations(plan(), START_MS)
    report = reports_of(observations.plan, [5])[0]
    earlier = {**report, "observed_at_ms": report["observed_at_ms"] - 60_000}
    observations.take_reports([earlier, {"device_id": "LOAD-0000001", "observed_at_ms": START_MS}], START_MS + 900)
    assert (observations.distinct, observations.strange, observations.duplicates) == (0, 0, 0)


def test_an_event_counts_once_whatever_its_later_revisions_say() -> None:
    observations = Observations(plan(), START_MS)
    told = reports_of(observations.plan, [10])[0]
    event = {"subject": told["device_id"], "opened_at_ms": told["observed_at_ms"], "status": "open"}
    for status, late_ms in (("open", 300), ("open", 900), ("cleared", 1200)):
        observations.take_event({**event, "status": status}, told["observed_at_ms"] + late_ms)
    observations.take_event({**event, "subject": "LOAD-0000003"}, START_MS + 5000)
    assert observations.opened == {10}
    assert (observations.event.whole.count, observations.event.whole.max_ms) == (1, 300)
