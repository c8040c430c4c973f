"""The whole and its parts, over random cases."""

from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.appraisal import Appraisal, AppraisalScope, Dimension, Period
from cases.appraisal.appraisal import Appraiser
from cases.workflow.case import Source
from cases.workflow.refusals import Refusal
from cases.workflow.table import legal_from
from domain.time.units import DAY_MS, HOUR_MS
from tests.cases.appraisal.stories import FOUR_HOURS, MONDAY, TIMES, WEEK, Story, appraised
from tests.cases.deadlines.calendars import at

DEPARTMENTS = ("drainage", "lighting", "roads")
NOT_HERE = ("attach", "amend", "detach", "comment")


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Any way through the workflow's table, beginning some days around the week."""
    story = Story(
        begins_ms=MONDAY + draw(st.integers(-5 * DAY_MS, 8 * DAY_MS)),
        source=draw(st.sampled_from(Source)),
        problem=draw(st.sampled_from(("cover-open", "lamp-out"))),
        area=draw(st.sampled_from((None, "320582", "320582/110/152", "320582/120"))),
    )
    hours = 0.0
    for _ in range(draw(st.integers(0, 14))):
        name = draw(st.sampled_from([one for one in legal_from(story.case.state) if one not in NOT_HERE] or ["urge"]))
        hours += draw(st.sampled_from((0.0, 0.5, 1.0, 3.0, 30.0)))
        fields: dict[str, Any] = {"into": UUID(int=99)} if name == "merge" else {}
        if name in ("dispatch", "hand_over"):
            fields = {"department": draw(st.sampled_from(DEPARTMENTS)), "term": FOUR_HOURS}
        if name == "ask_extension":
            fields = {"more": FOUR_HOURS}
        try:
            story.do(hours, name, **fields)
        except Refusal:
            continue
    return story


def counts_of(appraisal: Appraisal) -> dict[str, int]:
    return {count.value: n for count, n in appraisal.whole.counts.items() if n}


@settings(max_examples=60)
@given(st.lists(stories(), max_size=6))
def test_the_parts_of_every_dimension_and_of_the_course_sum_to_the_whole(told: list[Story]) -> None:
    found = appraised(*told)
    for parts in found.parts.values():
        for count, n in found.whole.counts.items():
            assert sum(own.counts[count] for own in parts.values()) == n
        assert sum(own.clock.handled for own in parts.values()) == found.whole.clock.handled
    for count, n in found.whole.counts.items():
        assert sum(bucket.counts[count] for bucket in found.trend.buckets) == n


@settings(max_examples=40)
@given(st.lists(stories(), max_size=6).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_the_order_of_cases_does_not_matter(pair: tuple[list[Story], list[Story]]) -> None:
    assert appraised(*pair[0]) == appraised(*pair[1])


@settings(max_examples=40)
@given(st.lists(stories(), max_size=5))
def test_a_case_of_another_department_changes_no_departments_figures(told: list[Story]) -> None:
    other = Story().dispatched(to="parks").handled(9).do(10, "fail")
    before = appraised(*told).parts[Dimension.DEPARTMENT]
    after = appraised(*told, other).parts[Dimension.DEPARTMENT]
    assert {name: own for name, own in after.items() if name != "parks"} == before
    assert after["parks"].rates["rework"].counted == 1


@settings(max_examples=60)
@given(stories())
def test_every_rate_counts_no_more_than_there_are(story: Story) -> None:
    found = appraised(story)
    for rate in found.whole.rates.values():
        assert 0 <= rate.counted <= rate.among
    assert found.whole.counts == appraised(story, period=WEEK).whole.counts


@settings(max_examples=60)
@given(stories(), st.integers(1, 8 * 24))
def test_what_comes_after_a_period_does_not_change_it(story: Story, hours: int) -> None:
    period = Period(WEEK.from_ms, WEEK.from_ms + hours * HOUR_MS)
    steps = story.steps()
    early = Appraiser(period, AppraisalScope(), (), TIMES)
    early.take(type(steps)(steps.source, steps.problem, steps.area, steps.reported_at_ms,
                           [step for step in steps.steps if step.at_ms < period.to_ms]))  # fmt: skip
    assert early.appraisal() == _whole_only(story, period)


def _whole_only(story: Story, period: Period) -> Appraisal:
    appraiser = Appraiser(period, AppraisalScope(), (), TIMES)
    appraiser.take(story.steps())
    return appraiser.appraisal()


def test_areas_are_parted_at_the_level_asked_for() -> None:
    told = [Story(area=area) for area in ("320582/110/152", "320582/110/153", "320582/120", "320582", None)]
    for level, names in ((1, ["320582", None]), (2, ["320582", "320582/110", "320582/120", None])):
        assert list(appraised(*told, scope=AppraisalScope(area_level=level)).parts[Dimension.AREA]) == names


def test_an_area_holds_what_lies_below_it_and_no_neighbour_of_like_name() -> None:
    told = [Story(area=area) for area in ("320582/110", "320582/110/152", "320582/1101", None)]
    assert counts_of(appraised(*told, scope=AppraisalScope(area="320582/110"))) == {"reported": 2}
    assert counts_of(appraised(*told, scope=AppraisalScope(areas=("320582/110",)))) == {"reported": 3}


def test_departments_bound_the_figures_to_what_is_theirs() -> None:
    told = [Story().dispatched(to="lighting").do(1, "return"), Story().dispatched().handled(3), Story()]
    found = appraised(*told, scope=AppraisalScope(departments=("drainage",)))
    assert list(found.parts[Dimension.DEPARTMENT]) == ["drainage"]
    assert (found.whole.counts, found.whole.clock.handled) == (found.parts[Dimension.SOURCE]["inspector"].counts, 1)


def test_the_course_goes_by_day_then_by_week_from_monday_then_by_month() -> None:
    def course(begin: str, end: str) -> tuple[str, list[int]]:
        trend = appraised(period=Period(at(begin), at(end))).trend
        return trend.every, [bucket.from_ms for bucket in trend.buckets]

    assert course("2026-11-23T06:00", "2026-11-25T00:00") == ("day", [at("2026-11-23T06:00"), at("2026-11-24T00:00")])
    every, starts = course("2026-10-01T00:00", "2026-11-22T00:00")
    assert (every, starts[:3]) == ("week", [at("2026-10-01T00:00"), at("2026-10-05T00:00"), at("2026-10-12T00:00")])
    every, starts = course("2025-01-15T00:00", "2026-11-22T00:00")
    assert (every, starts[1], starts[12]) == ("month", at("2025-02-01T00:00"), at("2026-01-01T00:00"))
