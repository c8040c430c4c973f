"""A rising share of reports that come too late is ill health: of the rules, and of the platform."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.service.rules import RuleService
from rules.worker.health import read_health
from rules.worker.too_late import WINDOW_MS, RecentFates, ReportFates, describe_ill
from streams.ports import Outgoing
from tests.rules.engines import LAMP_OUT, lamp, report
from tests.rules.stages import Registry, Stages, eventually

USUAL = ReportFates(100_000, 1_000)


@pytest.mark.parametrize(
    ("recent", "ever", "is_ill"),
    [
        (ReportFates(), USUAL, False),
        (ReportFates(1000, 10), USUAL, False),
        (ReportFates(1000, 199), USUAL, False),
        (ReportFates(1000, 200), USUAL, True),
        (ReportFates(19, 19), USUAL, False),
        (ReportFates(20, 20), ReportFates(20, 20), True),
        (ReportFates(1000, 300), ReportFates(100_000, 30_000), False),
        (ReportFates(1000, 600), ReportFates(100_000, 30_000), True),
    ],
)
def test_much_more_than_usual_or_half_of_all_is_ill_and_a_few_never_are(
    recent: ReportFates, ever: ReportFates, is_ill: bool
) -> None:
    assert (describe_ill(recent, ever) is not None) == is_ill


def test_only_the_last_ten_minutes_of_the_logs_time_count() -> None:
    fates = RecentFates(ReportFates(1000, 100))
    fates.note(0, ReportFates(1010, 105))
    assert fates.recent() == ReportFates(10, 5)
    fates.note(WINDOW_MS, ReportFates(1020, 105))
    assert fates.recent() == ReportFates(20, 5)
    fates.note(WINDOW_MS + 60_001, ReportFates(1021, 105))
    assert fates.recent() == ReportFates(11, 0)


@given(st.lists(st.tuples(st.integers(-(1 << 40), 1 << 40), st.integers(0, 9), st.integers(0, 9)), max_size=60))
def test_the_recent_are_never_more_than_all_and_few_sums_are_kept(steps: list[tuple[int, int, int]]) -> None:
    fates, sums = RecentFates(ReportFates()), ReportFates()
    for log_ms, in_time, too_late in steps:
        sums = sums.plus(ReportFates(in_time + too_late, too_late))
        fates.note(log_ms, sums)
        recent = fates.recent()
        assert in_time + too_late <= recent.reports <= sums.reports
        assert too_late <= recent.too_late <= sums.too_late
        assert len(fates._by_minute) <= 12


async def test_reports_that_come_too_late_make_the_rules_of_their_kind_unhealthy(stages: Stages) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(Registry([lamp("L1"), lamp("L2")]))
    await stages.tick(600)
    for minute in range(15):
        await stages.report(report(minute), report(minute, device_id="L2"))
        await stages.tick(600 + minute)
    await stages.judged(30)

    async def problems() -> Any:
        (status,) = await RuleService(stages.log, stages.topics).list_rules()
        return status.problems or None

    (problem,) = await eventually(problems, "the rule is unhealthy")
    assert problem == "100% of the reports of the last ten minutes came too late to be judged (usual: 100.0%)"
    assert (await read_health(stages.log, stages.topics)).late == {"streetlight": problem}


async def test_a_partition_of_an_earlier_release_has_no_recent_sums(stages: Stages) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(Registry([lamp("L1")]))
    await stages.report(report(0))
    await stages.judged(1)
    await stages.stop()
    for record in await stages.records(stages.topics.rule_state):
        if record.key is not None and record.key.startswith(b"partition/") and record.value is not None:
            state = orjson.loads(record.value)
            del state["recent"]
            await stages.log.append([Outgoing(record.topic, record.key, orjson.dumps(state), (), record.partition)])
    assert (await read_health(stages.log, stages.topics)).late == {}
