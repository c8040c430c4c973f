"""What single cases add to an appraisal, reckoned by hand."""

import pytest

from cases.appraisal import Period
from cases.workflow.case import Source, Term, TermUnit
from domain.time.units import HOUR_MS
from tests.cases.appraisal.stories import FOUR_HOURS, MONDAY, WEEK, Story, appraised, counted, until
from tests.cases.deadlines.calendars import at


def test_a_case_that_goes_its_way_in_time_is_everything_once() -> None:
    assert counted(Story().dispatched().handled(3).closed(5)) == {
        "reported": 1, "filed": 1, "filed_and_ended": 1, "dispatched": 1, "handled": 1, "on_time": 1, "checked": 1,
        "closed": 1, "closed_on_time": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("hours", "on_time"), [(4, True), (4 + 1 / HOUR_MS, False)])
def test_handled_at_the_due_instant_is_on_time_and_a_millisecond_later_is_not(hours: float, on_time: bool) -> None:
    found = counted(Story().dispatched().handled(hours))
    assert (found.get("on_time"), found.get("late")) == ((1, None) if on_time else (None, 1))


def test_what_nobody_handles_is_late_from_its_due_instant_on_and_overdue_until_handled() -> None:
    story = Story().dispatched()
    assert "late" not in counted(story, period=until(4))
    found = counted(story, period=until(4 + 1 / HOUR_MS))
    assert (found["late"], found["overdue"], "repeatedly_overdue" in found) == (1, 1, False)
    assert counted(story, period=until(8 + 1 / HOUR_MS))["repeatedly_overdue"] == 1
    story.handled(9)
    assert "overdue" not in counted(story)
    assert counted(story)["late"] == 1


def test_a_task_is_late_in_the_period_in_which_it_fell_due_only() -> None:
    story = Story().dispatched(term=Term(unit=TermUnit.HOUR, amount=24)).handled(200)
    next_week = Period(WEEK.to_ms, WEEK.to_ms + 7 * 24 * HOUR_MS)
    assert counted(story)["late"] == 1
    assert counted(story, period=next_week) == {"handled": 1}


def test_a_suspension_stops_the_clock_and_is_not_handling_time() -> None:
    story = Story().dispatched().do(1, "suspend").do(30, "resume").handled(33)
    found = appraised(story).whole
    assert (found.rates["on_time_handling"].counted, found.rates["on_time_handling"].among) == (1, 1)
    assert found.clock.median_ms == 4 * HOUR_MS
    assert found.working.median_ms == 1 * HOUR_MS + 2.5 * HOUR_MS  # on Tuesday from 15:00 to 17:30, not to 18:00


def test_a_suspended_case_is_not_overdue_but_stays_late_if_it_was() -> None:
    assert "late" not in counted(Story().dispatched().do(1, "suspend"))
    found = counted(Story().dispatched().do(5, "suspend"))
    assert (found["late"], "overdue" in found) == (1, False)


def test_more_time_that_is_granted_counts_and_time_that_is_only_asked_for_does_not() -> None:
    asked = Story().dispatched().do(1, "ask_extension", more=FOUR_HOURS)
    assert counted(asked)["late"] == 1
    granted = Story().dispatched().do(1, "ask_extension", more=FOUR_HOURS).do(5, "grant_extension").handled(8)
    found = counted(granted)
    assert (found["extensions_asked"], found["extensions_granted"], found["on_time"], "late" in found) == (
        1,
        1,
        1,
        False,
    )


def test_a_dispatch_that_comes_back_is_a_wrong_one_of_the_department_that_it_went_to() -> None:
    story = Story().dispatched(to="lighting").do(1, "return").dispatched(2, to="roads")
    story.do(3, "hand_over", department="drainage").handled(4).closed(5)
    found = appraised(story)
    accuracy = found.whole.rates["dispatch_accuracy"]
    assert (accuracy.counted, accuracy.among) == (1, 3)
    parts = {name: own.rates["dispatch_accuracy"] for name, own in next(iter(found.parts.values())).items()}
    assert {name: (rate.counted, rate.among) for name, rate in parts.items()} == {
        "lighting": (0, 1), "roads": (0, 1), "drainage": (1, 1),
    }  # fmt: skip


def test_a_department_that_sits_on_a_case_and_returns_it_was_late() -> None:
    assert counted(Story().dispatched().do(5, "return"))["late"] == 1
    assert "late" not in counted(Story().dispatched().do(3, "return"))


def test_a_rework_is_a_failed_check_and_a_task_with_a_term_of_its_own() -> None:
    story = Story().dispatched().handled(3).do(6, "fail").handled(9.5).closed(11)
    found = appraised(story).whole
    rework = found.rates["rework"]
    assert (rework.counted, rework.among) == (1, 2)
    assert found.rates["on_time_handling"].counted == 2
    assert found.clock.mean_ms == 3.25 * HOUR_MS
    assert found.rates["dispatch_accuracy"].among == 1


def test_a_closing_is_not_on_time_if_any_task_of_it_was_late() -> None:
    late_once = counted(Story().dispatched().handled(5).do(6, "fail").handled(7).closed(8))
    assert (late_once["closed"], "closed_on_time" in late_once) == (1, False)


def test_a_closing_that_was_undone_is_none() -> None:
    story = Story().dispatched().handled(3).closed(5)
    assert counted(story)["closed"] == 1
    story.do(20, "reopen")
    found = counted(story)
    assert (found["reopened"], found["filed"], "closed" in found, "filed_and_ended" in found) == (1, 1, False, False)


def test_the_last_decision_counts_and_one_that_is_reconsidered_is_none_yet() -> None:
    story = Story().do(1, "reject")
    assert counted(story) == {"reported": 1, "rejected": 1}
    assert counted(story.do(2, "reconsider")) == {"reported": 1}
    assert counted(story.filed(3)) == {"reported": 1, "filed": 1}


def test_a_merged_case_counts_as_merged_and_as_nothing_else() -> None:
    story = Story().dispatched().do(1, "urge").merged(5)
    assert counted(story) == {"merged": 1}
    assert counted(story, period=until(2)) == {"reported": 1, "filed": 1, "dispatched": 1, "urged": 1}


def test_a_sensor_case_that_is_over_by_itself_was_a_false_alarm_and_no_closing() -> None:
    over = Story(source=Source.SENSOR).dispatched().do(1, "dissolve")
    worked = Story(source=Source.SENSOR).dispatched().handled(3).closed(4)
    hotline = Story(source=Source.HOTLINE).dispatched().do(1, "dissolve")
    found = appraised(over, worked, hotline).whole
    alarms = found.rates["false_alarm"]
    assert (alarms.counted, alarms.among) == (1, 2)
    assert (found.rates["on_time_closing"].among, found.rates["closing"].counted) == (1, 3)


def test_a_recovery_takes_the_task_away_without_blame_unless_it_was_late() -> None:
    early = counted(Story().dispatched().do(2, "recover").closed(3))
    assert (early["closed_on_time"], "late" in early, "handled" in early) == (1, False, False)
    late = counted(Story().dispatched().do(6, "recover").closed(7))
    assert (late["late"], "closed_on_time" in late) == (1, False)


def test_what_happens_at_the_end_of_a_period_belongs_to_the_next() -> None:
    first = Period(WEEK.from_ms, MONDAY)
    second = Period(MONDAY, WEEK.to_ms)
    assert counted(Story(), period=first) == {}
    assert counted(Story(), period=second) == {"reported": 1}


def test_working_time_leaves_nights_out() -> None:
    story = Story(begins_ms=at("2026-11-23T17:00")).dispatched(term=Term(unit=TermUnit.WORKING_HOUR, amount=2))
    found = appraised(story.handled(16.5)).whole  # half an hour on Monday, one on Tuesday
    assert (found.clock.median_ms, found.working.median_ms) == (16.5 * HOUR_MS, 1.5 * HOUR_MS)
    assert found.rates["on_time_handling"].counted == 1
