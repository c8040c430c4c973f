"""Which event is about which fault: every rule of the matching, case by case."""

from typing import Any

import pytest

from domain.time.units import MINUTE_MS
from simulators.truth.labels import Label
from tests.urbansense.evaluation.scoring.grading.truths import NIGHT, at, decoy, label, told
from urbansense.evaluation.scoring.grading import ScoredEvent, match
from urbansense.evaluation.scoring.grading.verdicts import EventVerdict, LabelOutcome, Matched

GRACE_MS = 15 * MINUTE_MS


def judged(labels: list[Label], events: list[ScoredEvent], **more: object) -> Matched:
    return match(labels, events, NIGHT, GRACE_MS, **more)  # type: ignore[arg-type]


def outcomes(matched: Matched) -> list[LabelOutcome]:
    return [one.outcome for one in matched.labels]


def verdicts(matched: Matched) -> list[EventVerdict]:
    return [one.verdict for one in matched.events]


@pytest.mark.parametrize(
    ("event", "answers"),
    [
        pytest.param(told(63), True, id="opened while it is on"),
        pytest.param(told(60, since=60), True, id="opened at its very start"),
        pytest.param(told(59, since=59), False, id="opened before it"),
        pytest.param(told(92, since=90), True, id="its run began at the very end"),
        pytest.param(told(93, since=90.1), False, id="its run began after the end"),
        pytest.param(told(88, since=58), True, id="silence counts from the last report before it"),
        pytest.param(told(63, subject="L2"), False, id="on another device"),
        pytest.param(told(63, rule="lamp-unlit"), False, id="of another problem"),
        pytest.param(told(63, rule="dark", problem="lamp-out"), True, id="by whatever rule"),
    ],
)
def test_an_event_answers_a_fault_of_its_problem_subject_and_time(event: ScoredEvent, answers: bool) -> None:
    matched = judged([label(60, 90, by=500)], [event])
    assert outcomes(matched) == [LabelOutcome.IN_TIME if answers else LabelOutcome.MISSED]
    assert verdicts(matched) == [EventVerdict.RIGHT if answers else EventVerdict.FALSE]


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        pytest.param(told(70), LabelOutcome.IN_TIME, id="opened at the deadline, told who knows when"),
        pytest.param(told(70.1), LabelOutcome.LATE, id="opened after it"),
        pytest.param(told(65, heard=70), LabelOutcome.IN_TIME, id="told at the deadline"),
        pytest.param(told(65, heard=71), LabelOutcome.LATE, id="opened before it, told after it"),
    ],
)
def test_it_is_in_time_if_it_was_told_by_the_deadline(event: ScoredEvent, outcome: LabelOutcome) -> None:
    matched = judged([label(60, 90)], [event])
    assert outcomes(matched) == [outcome]
    assert verdicts(matched) == [EventVerdict.RIGHT]


def test_the_first_event_heard_decides_not_the_first_opened() -> None:
    late, soon = told(62, heard=80), told(64, heard=65, rule="dark", problem="lamp-out")
    matched = judged([label(60, 90)], [late, soon])
    assert outcomes(matched) == [LabelOutcome.IN_TIME]
    assert matched.labels[0].answers == (soon, late)


@pytest.mark.parametrize(
    ("event", "answers"),
    [
        pytest.param(told(45, heard=66), True, id="its clock is slow"),
        pytest.param(told(97, since=94, heard=66), True, id="its clock is fast"),
        pytest.param(told(45, heard=59), False, id="told before the fault"),
        pytest.param(told(45, heard=91), False, id="told after the fault"),
    ],
)
def test_a_device_with_a_wrong_clock_is_taken_by_the_time_of_telling(event: ScoredEvent, answers: bool) -> None:
    matched = judged([label(60, 90, by=100)], [event])
    assert outcomes(matched) == [LabelOutcome.IN_TIME if answers else LabelOutcome.MISSED]


def test_what_fits_one_fault_by_its_own_time_answers_no_other_by_the_time_of_telling() -> None:
    matched = judged([label(10, 30), label(60, 90)], [told(15, heard=65)])
    assert outcomes(matched) == [LabelOutcome.LATE, LabelOutcome.MISSED]


def test_several_rules_may_answer_one_fault() -> None:
    cover = label(60, 90, place="C1", kind="cover-missing", expects=("cover-open", "cover-missing"))
    events = [told(60.1, rule=rule, subject="C1", since=60.1) for rule in ("cover-open", "cover-missing")]
    matched = judged([cover], events)
    assert outcomes(matched) == [LabelOutcome.IN_TIME]
    assert verdicts(matched) == [EventVerdict.RIGHT, EventVerdict.RIGHT]


def test_one_event_may_answer_two_faults_that_are_on_at_once() -> None:
    matched = judged([label(60, 90), label(61, 95)], [told(65)])
    assert outcomes(matched) == [LabelOutcome.IN_TIME, LabelOutcome.IN_TIME]
    assert verdicts(matched) == [EventVerdict.RIGHT]


def test_a_second_event_of_the_same_rule_and_subject_is_repeated() -> None:
    matched = judged([label(60, 90)], [told(63, 70), told(75, 80), told(76, rule="dark", problem="lamp-out")])
    assert verdicts(matched) == [EventVerdict.RIGHT, EventVerdict.REPEATED, EventVerdict.RIGHT]
    assert matched.events[1].label == label(60, 90)


def test_an_event_repeated_for_one_fault_may_be_the_first_of_another() -> None:
    matched = judged([label(60, 90), label(74, 95)], [told(63, 70), told(75, 80)])
    assert outcomes(matched) == [LabelOutcome.IN_TIME, LabelOutcome.IN_TIME]
    assert verdicts(matched) == [EventVerdict.RIGHT, EventVerdict.RIGHT]


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        pytest.param([label(30, 50)], LabelOutcome.IN_TIME, id="the earlier fault ended a little before"),
        pytest.param([label(30, 65)], LabelOutcome.IN_TIME, id="the earlier fault is still on"),
        pytest.param(
            [label(30, 40)], LabelOutcome.MISSED, id="the earlier fault ended long before: the rule does not clear"
        ),
        pytest.param([], LabelOutcome.MISSED, id="the open event was about nothing"),
    ],
)
def test_people_know_while_the_event_of_an_earlier_fault_is_open(before: list[Label], outcome: LabelOutcome) -> None:
    matched = judged([*before, label(60, 90)], [told(35, 62)])
    assert matched.labels[-1].outcome is outcome
    assert matched.labels[-1].answers == ()
    assert (matched.labels[-1].standing is not None) == (outcome is LabelOutcome.IN_TIME)


def test_an_event_that_cleared_before_does_not_stand_for_the_next_fault() -> None:
    assert outcomes(judged([label(30, 58), label(60, 90)], [told(35, 59)])) == [
        LabelOutcome.IN_TIME,
        LabelOutcome.MISSED,
    ]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        pytest.param(label(-1, 20, by=9), LabelOutcome.OPEN, id="began before the window"),
        pytest.param(label(0, 20, by=9), LabelOutcome.MISSED, id="began with the window"),
        pytest.param(label(580, 700, by=600), LabelOutcome.MISSED, id="its deadline is the end of the window"),
        pytest.param(label(580, 700, by=601), LabelOutcome.OPEN, id="its deadline lies after the window"),
        pytest.param(decoy(-1, 20), LabelOutcome.OPEN, id="a decoy that began before"),
        pytest.param(decoy(580, 600), LabelOutcome.QUIET, id="a decoy that ends with the window"),
        pytest.param(decoy(580, 601), LabelOutcome.OPEN, id="a decoy that goes on"),
    ],
)
def test_what_the_window_does_not_hold_is_open_and_not_counted(fault: Label, outcome: LabelOutcome) -> None:
    matched = judged([fault], [])
    assert outcomes(matched) == [outcome]
    assert matched.labels[0].is_counted == (outcome is LabelOutcome.MISSED)


def test_an_event_about_an_open_fault_is_right() -> None:
    matched = judged([label(-5, 20)], [told(2)])
    assert outcomes(matched) == [LabelOutcome.OPEN]
    assert verdicts(matched) == [EventVerdict.RIGHT]


@pytest.mark.parametrize("opened", [-1, 600])
def test_events_that_opened_outside_the_window_are_left_out(opened: float) -> None:
    assert judged([], [told(opened)]).events == ()


def test_events_raised_afterwards_are_left_out() -> None:
    matched = judged([label(60, 90)], [told(63, historical=True)])
    assert outcomes(matched) == [LabelOutcome.MISSED]
    assert matched.events == ()


def outage(**more: Any) -> Label:
    """A dead cabinet that leaves its lamps dark."""
    return label(
        60,
        90,
        place="F1",
        kind="outage",
        expects=("power-loss",),
        explains=("lamp-out",),
        affected=("L1", "L2"),
        **more,
    )


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        pytest.param(told(64), EventVerdict.EXPLAINED, id="while it is on"),
        pytest.param(told(106, since=105), EventVerdict.EXPLAINED, id="within the grace"),
        pytest.param(told(106, since=105.1), EventVerdict.FALSE, id="after the grace"),
        pytest.param(told(59), EventVerdict.FALSE, id="before it"),
        pytest.param(told(50, heard=64), EventVerdict.EXPLAINED, id="by the time of telling"),
        pytest.param(told(64, subject="L3"), EventVerdict.FALSE, id="on a device that it does not touch"),
        pytest.param(told(64, rule="offline"), EventVerdict.FALSE, id="of a problem that does not follow"),
    ],
)
def test_what_follows_from_a_fault_is_explained(event: ScoredEvent, verdict: EventVerdict) -> None:
    assert verdicts(judged([outage()], [event])) == [verdict]


def test_an_event_that_answers_a_fault_of_its_own_is_right_though_another_would_explain_it() -> None:
    assert verdicts(judged([outage(), label(62, 80)], [told(65)])) == [EventVerdict.RIGHT]


def test_what_a_decoy_explains_does_not_disturb_it() -> None:
    shaking = decoy(60, 90, explains=("lamp-out",), affected=("L1",))
    matched = judged([shaking], [told(64)])
    assert outcomes(matched) == [LabelOutcome.QUIET]
    assert verdicts(matched) == [EventVerdict.EXPLAINED]


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        pytest.param(told(64), LabelOutcome.DISTURBED, id="while it is on"),
        pytest.param(told(92, since=89), LabelOutcome.DISTURBED, id="its run began while it was on"),
        pytest.param(told(93, since=90), LabelOutcome.QUIET, id="its run began when it was over"),
        pytest.param(told(59), LabelOutcome.QUIET, id="before it"),
        pytest.param(told(64, subject="L2"), LabelOutcome.DISTURBED, id="on a device that it touches"),
        pytest.param(told(64, subject="L3"), LabelOutcome.QUIET, id="elsewhere"),
        pytest.param(told(64, withdrawn=True), LabelOutcome.QUIET, id="taken back"),
    ],
)
def test_a_false_event_disturbs_what_asks_for_nothing(event: ScoredEvent, outcome: LabelOutcome) -> None:
    matched = judged([decoy(60, 90, affected=("L2",))], [event])
    assert outcomes(matched) == [outcome]
    assert matched.labels[0].answers == ((event,) if outcome is LabelOutcome.DISTURBED else ())


def test_a_right_event_disturbs_no_decoy() -> None:
    matched = judged([decoy(60, 90), label(60, 90)], [told(64)])
    assert sorted(outcomes(matched)) == [LabelOutcome.IN_TIME, LabelOutcome.QUIET]


def test_a_withdrawn_event_answers_nothing_and_is_counted_apart() -> None:
    matched = judged([label(60, 90)], [told(63, withdrawn=True)])
    assert outcomes(matched) == [LabelOutcome.MISSED]
    assert verdicts(matched) == [EventVerdict.WITHDRAWN]


def test_an_event_that_replaces_another_was_told_when_that_was() -> None:
    first = told(66, heard=67, withdrawn=True)
    second = told(63, heard=75, replaces=first.event.event_id)
    matched = judged([label(60, 90)], [first, second])
    assert outcomes(matched) == [LabelOutcome.IN_TIME]
    assert matched.labels[0].answers[0].published_ms == at(67)


def test_of_an_event_told_at_several_revisions_the_last_counts() -> None:
    open_, gone = told(63), told(63, withdrawn=True, revision=2)
    for events in ([open_, gone], [gone, open_]):
        assert verdicts(judged([label(60, 90)], events)) == [EventVerdict.WITHDRAWN]


def test_what_is_part_of_another_event_is_not_wrong_but_still_answers() -> None:
    matched = judged([label(60, 90)], [told(63, absorbed_by="feeder"), told(63, subject="L9", absorbed_by="feeder")])
    assert outcomes(matched) == [LabelOutcome.IN_TIME]
    assert verdicts(matched) == [EventVerdict.RIGHT, EventVerdict.EXPLAINED]


def feeder(opened: float = 65) -> ScoredEvent:
    return told(opened, 90, rule="feeder", subject="F1", since=60)


def member(subject: str, **more: object) -> ScoredEvent:
    return told(63, 90, subject=subject, absorbed_by="feeder", **more)  # type: ignore[arg-type]


def test_a_group_of_true_events_is_explained() -> None:
    labels = [label(60, 90, place=lamp) for lamp in ("L1", "L2")]
    events = [member("L1"), member("L2"), feeder()]
    assert verdicts(judged(labels, events, groups={"feeder"}))[-1] is EventVerdict.EXPLAINED
    assert verdicts(judged(labels, events))[-1] is EventVerdict.FALSE, "a rule that is no group must be right by itself"


@pytest.mark.parametrize(
    ("group", "counts_for", "verdict"),
    [
        pytest.param(feeder(), None, EventVerdict.EXPLAINED, id="where nobody knows what counts for what"),
        pytest.param(feeder(), {"L1": {"F1"}}, EventVerdict.EXPLAINED, id="its own member"),
        pytest.param(feeder(), {"L1": {"F2"}}, EventVerdict.FALSE, id="members of another"),
        pytest.param(
            told(300, 310, rule="feeder", subject="F1", since=299),
            None,
            EventVerdict.FALSE,
            id="its members were hours ago",
        ),
        pytest.param(
            told(20, 30, rule="feeder", subject="F1", since=19),
            None,
            EventVerdict.FALSE,
            id="its members came hours later",
        ),
    ],
)
def test_a_group_is_explained_by_its_own_members(
    group: ScoredEvent, counts_for: dict[str, set[str]] | None, verdict: EventVerdict
) -> None:
    of = None if counts_for is None else lambda device: counts_for.get(device, ())
    matched = judged([label(60, 90)], [member("L1"), group], groups={"feeder"}, counts_for=of)
    (found,) = (one.verdict for one in matched.events if one.event.rule == "feeder")
    assert found is verdict


def test_a_group_that_a_fault_asks_for_is_right() -> None:
    cable = label(60, 90, place="F1", kind="cable", expects=("feeder",), explains=("lamp-out",), affected=("L1", "L2"))
    matched = judged([cable], [member("L1"), member("L2"), feeder()], groups={"feeder"})
    assert outcomes(matched) == [LabelOutcome.IN_TIME]
    assert verdicts(matched) == [EventVerdict.EXPLAINED, EventVerdict.EXPLAINED, EventVerdict.RIGHT]


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([], id="no member at all"),
        pytest.param([member("L8"), member("L9")], id="members about nothing"),
        pytest.param([member("L1"), member("L9")], id="one of them about nothing"),
        pytest.param([member("L1", withdrawn=True)], id="a member that was taken back"),
    ],
)
def test_a_group_with_any_member_that_is_not_true_is_false_and_stands_for_them(members: list[ScoredEvent]) -> None:
    matched = judged([label(60, 90)], [*members, feeder()], groups={"feeder"})
    assert verdicts(matched)[-1] is EventVerdict.FALSE
    assert verdicts(matched).count(EventVerdict.FALSE) == 1


def test_a_window_must_hold_some_time() -> None:
    with pytest.raises(ValueError, match="begin before it ends"):
        type(NIGHT)(5, 5)
