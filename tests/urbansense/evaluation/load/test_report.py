"""From what was done and seen to a verdict."""

import re
from dataclasses import replace

import numpy as np
import orjson
import pytest

from simulators.fleet.histogram import LatencyHistogram
from simulators.fleet.schedule import PlannedOutage, ProfileName
from tests.urbansense.evaluation.load.reports import plan, report_of
from urbansense.evaluation.load.build_report import recovery_s
from urbansense.evaluation.load.judging import Thresholds, judge
from urbansense.evaluation.load.page import report_page
from urbansense.evaluation.load.report import LoadReport, encode_report

ALL = list(range(100))


def missed(report: LoadReport, **asked: float) -> set[str]:
    return {verdict.threshold for verdict in judge(report, Thresholds(**asked)) if not verdict.holds}  # type: ignore[arg-type]


def test_a_whole_run_passes() -> None:
    report = report_of(plan(), ALL, ALL)
    assert missed(report) == set()
    assert (report.log.seen, report.log.lost, report.log.duplicates) == (100, 0, 0)
    assert (report.events.expected, report.events.seen) == (10, 10)
    assert report.achieved_per_s == pytest.approx(10)
    assert report.latency["log"].max == 40
    assert report.latency["event"].max == 80
    assert report.latency["store"].p99 == pytest.approx(141, abs=1)
    (gateway,) = report.services
    assert (gateway.cpu_s, gateway.cores, gateway.memory_mb) == (2.5, 0.25, 95.0)


def test_an_acknowledged_report_that_is_not_on_the_log_is_lost() -> None:
    report = report_of(plan(), ALL, [m for m in ALL if m not in (7, 30)])
    assert report.log.lost == 2
    assert missed(report) == {"loss", "events missing"}
    assert missed(report, max_loss=2) == set()


def test_what_was_not_acknowledged_is_not_lost_even_if_it_arrived_or_did_not() -> None:
    report = report_of(plan(), ALL[:90], ALL[:95])
    assert (report.log.lost, report.messages.unanswered) == (0, 10)
    assert missed(report) == {"achieved"}


def test_latencies_are_judged_at_p99_and_what_was_not_measured_does_not_hold() -> None:
    report = report_of(plan(), ALL, ALL, late_ms=600)
    assert missed(report) == {"event p99"}
    assert missed(report, max_log_p99_ms=590, max_event_p99_ms=1300) == {"log p99"}
    assert missed(report_of(plan(), ALL, []), max_loss=1000) == {"event p99"}


def test_recovery_ends_with_the_last_second_that_was_late() -> None:
    def late(*seconds: int, of: int = 10) -> dict[int, LatencyHistogram]:
        ages: dict[int, LatencyHistogram] = {}
        for second in range(of):
            ages[second] = LatencyHistogram()
            ages[second].add(np.array([5000.0 if second in seconds else 20.0]))
        return ages

    outage = PlannedOutage(3, 5)
    assert recovery_s(outage, late(), 1000) == 0
    assert recovery_s(outage, late(2, 5, 6), 1000) == 2
    assert recovery_s(outage, late(5, 8), 1000) == 4
    assert recovery_s(outage, late(9), 1000) is None
    assert recovery_s(outage, late(of=4), 1000) is None


def test_the_json_report_has_a_schema_and_its_verdict() -> None:
    report = report_of(plan(), ALL, ALL)
    told = orjson.loads(encode_report(report))
    assert (told["schema"], told["passed"]) == ("load-report/1", True)
    assert told["latency"]["log"]["count"] == 100
    assert sum(second["offered"] for second in told["timeline"]) == 100
    assert told["usage"]["gateway"] == [[10.0, 0.25]]


@pytest.mark.parametrize("profile", [ProfileName.STEADY, ProfileName.OUTAGE])
def test_the_page_stands_alone_and_shows_every_figure(profile: ProfileName) -> None:
    page = report_page(report_of(plan(profile), ALL, ALL))
    assert not re.search(r"(?:src|href)=(?!['\"]?data:)", page)
    assert page.count("<svg") == 3
    assert page.count("<path") == 7
    assert ('class="band"' in page) == (profile is ProfileName.OUTAGE)
    for word in ("device → event", "gateway", "2.5 s", "events expected"):
        assert word in page


def test_no_name_of_a_service_or_a_line_on_the_page_becomes_markup() -> None:
    evil = "<script>alert('1')</script>"
    report = report_of(plan(), ALL, ALL)
    (gateway,) = report.services
    named = replace(
        report,
        services=[replace(gateway, name=evil)],
        usage={evil: [(0.0, 0.1), (1.0, 0.2)]},
        left_out=[evil],
    )
    page = report_page(named)
    assert page.count("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;") == 3
    assert "<script" not in page
