"""What holds of every matching: its order does not matter, a perfect set is perfect, and a slow count agrees."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import Status, event_id
from domain.time.units import MINUTE_MS
from simulators.truth.labels import Label
from tests.urbansense.evaluation.scoring.grading.truths import NIGHT, at, decoy, label, told
from urbansense.evaluation.scoring.grading import ScoredEvent, match, score_of
from urbansense.evaluation.scoring.grading.verdicts import EventVerdict, LabelOutcome

GRACE_MS = 15 * MINUTE_MS
SUBJECTS = ("L1", "L2", "L3")
PROBLEMS = ("lamp-out", "offline")
RULES = {"lamp-out": "lamp-out", "dark": "lamp-out", "silent": "offline"}

minutes = st.integers(-20, 620)


@st.composite
def labels_of(draw: st.DrawFn) -> list[Label]:
    found = {}
    for number in range(draw(st.integers(0, 5))):
        start = draw(minutes)
        end = start + draw(st.integers(1, 120))
        place = draw(st.sampled_from(SUBJECTS))
        follows: dict[str, Any] = {
            "explains": (draw(st.sampled_from(PROBLEMS)),),
            "affected": (draw(st.sampled_from(SUBJECTS)),),
        }
        more = follows if draw(st.booleans()) else {}
        if draw(st.booleans()):
            expects = tuple(draw(st.sets(st.sampled_from(PROBLEMS), min_size=1)))
            one = label(start, end, place=place, expects=expects, by=start + draw(st.integers(0, 90)), **more)
        else:
            one = decoy(start, end, place=place, **more)
        found[number] = one.model_copy(update={"label": f"{one.label}/{number}"})
    return list(found.values())


@st.composite
def events_of(draw: st.DrawFn) -> list[ScoredEvent]:
    found: dict[str, ScoredEvent] = {}
    for _ in range(draw(st.integers(0, 8))):
        rule = draw(st.sampled_from(list(RULES)))
        opened = draw(minutes)
        one = told(
            opened,
            draw(st.one_of(st.none(), st.integers(opened, opened + 200))),
            rule=rule,
            problem=RULES[rule],
            subject=draw(st.sampled_from(SUBJECTS)),
            since=opened - draw(st.integers(0, 40)),
            heard=draw(st.one_of(st.none(), st.integers(opened - 5, opened + 90))),
            withdrawn=draw(st.integers(0, 5)) == 0,
        )
        found[str(one.event.event_id)] = one
    return list(found.values())


@given(labels_of(), events_of(), st.integers(0, 10**6))
def test_the_order_of_labels_and_events_changes_nothing(
    labels: list[Label], events: list[ScoredEvent], seed: int
) -> None:
    shuffled_labels, shuffled_events = list(labels), list(events)
    Random(seed).shuffle(shuffled_labels)
    Random(seed + 1).shuffle(shuffled_events)
    assert match(shuffled_labels, shuffled_events, NIGHT) == match(labels, events, NIGHT)


@given(labels_of(), events_of())
def test_every_label_and_every_event_of_the_window_is_judged_once(
    labels: list[Label], events: list[ScoredEvent]
) -> None:
    matched = match(labels, events, NIGHT)
    assert sorted(one.label.label for one in matched.labels) == sorted(one.label for one in labels)
    inside = [one.event.event_id for one in events if at(0) <= one.event.opened_at_ms < at(600)]
    assert Counter(one.event.event_id for one in matched.events) == Counter(inside)


@given(labels_of(), events_of(), st.integers(0, 599))
def test_an_event_about_nothing_never_raises_precision(
    labels: list[Label], events: list[ScoredEvent], opened: int
) -> None:
    stray = told(opened, subject="nobody's")
    before = score_of(match(labels, events, NIGHT), 10).overall
    after = score_of(match(labels, [*events, stray], NIGHT), 10).overall
    assert after.events.false == before.events.false + 1
    assert after.labels == before.labels
    assert after.events.precision.share is not None
    if before.events.precision.share is not None:
        assert after.events.precision.share <= before.events.precision.share


@given(labels_of())
def test_events_made_from_the_labels_are_perfect(labels: list[Label]) -> None:
    asking = _without_overlaps([one for one in labels if one.expects])
    events = [_answer(one) for one in asking]
    perfect = score_of(match([*asking, *(one for one in labels if not one.expects)], events, NIGHT))
    figures = perfect.overall
    assert figures.labels.recall.hits == figures.labels.asked
    assert figures.events.right == sum(NIGHT.from_ms <= one.start_ms < NIGHT.to_ms for one in asking)
    assert figures.events.right == figures.events.precision.of
    assert perfect.decoys.disturbed == 0
    assert (perfect.misses, perfect.strays) == ([], [])


def _answer(one: Label) -> ScoredEvent:
    """What a perfect rule tells of a fault: its problem, at once."""
    event = told(0, rule="perfect", problem=one.expects[0], subject=one.place).event
    name = event_id("perfect", one.place, one.start_ms)
    return ScoredEvent(
        event.model_copy(update={"event_id": name, "since_ms": one.start_ms, "opened_at_ms": one.start_ms})
    )


def _without_overlaps(labels: list[Label]) -> list[Label]:
    """Faults of one place that follow each other: where two are on at once, a second event is a repetition."""
    kept: list[Label] = []
    for one in sorted(labels, key=lambda one: one.start_ms):
        if all(one.place != other.place or one.start_ms > other.end_ms for other in kept):
            kept.append(one)
    return kept


@settings(max_examples=300)
@given(labels_of(), events_of())
def test_the_outcomes_are_those_of_a_slow_count(labels: list[Label], events: list[ScoredEvent]) -> None:
    matched = match(labels, events, NIGHT, GRACE_MS)
    slow = SlowCount(labels, events)
    assert {one.label.label: one.outcome for one in matched.labels} == {one.label: slow.outcome(one) for one in labels}
    assert {one.event.event_id: one.verdict for one in matched.events} == {
        one.event.event_id: slow.verdict(one) for one in slow.events
    }


class SlowCount:
    """The rules of the matching once more, each looked up in all labels and all events; no index, no order."""

    def __init__(self, labels: list[Label], events: list[ScoredEvent]) -> None:
        self.labels = labels
        self.events = [one for one in events if at(0) <= one.event.opened_at_ms < at(600)]

    def fits(self, one: ScoredEvent, label: Label) -> bool:
        event = one.event
        if (
            event.status is Status.WITHDRAWN
            or event.problem not in label.expects
            or event.subject not in label.subjects
        ):
            return False
        if event.opened_at_ms >= label.start_ms and event.since_ms <= label.end_ms:
            return True
        by_itself = [
            other
            for other in self.labels
            if event.problem in other.expects
            and event.subject in other.subjects
            and event.opened_at_ms >= other.start_ms
            and event.since_ms <= other.end_ms
        ]
        return not by_itself and one.published_ms is not None and label.start_ms <= one.published_ms <= label.end_ms

    def is_first(self, one: ScoredEvent, label: Label) -> bool:
        def place(other: ScoredEvent) -> tuple[int, int]:
            return other.found_ms, other.event.opened_at_ms

        rivals = [
            other
            for other in self.events
            if self.fits(other, label)
            and (other.event.rule, other.event.subject) == (one.event.rule, one.event.subject)
        ]
        return self.fits(one, label) and place(one) == min(map(place, rivals))

    def explains(self, one: ScoredEvent, label: Label) -> bool:
        event, until_ms = one.event, label.end_ms + GRACE_MS
        if event.problem not in label.explains or event.subject not in label.affected:
            return False
        by_itself = event.opened_at_ms >= label.start_ms and event.since_ms <= until_ms
        return by_itself or (one.published_ms is not None and label.start_ms <= one.published_ms <= until_ms)

    def verdict(self, one: ScoredEvent) -> EventVerdict:
        if one.event.status is Status.WITHDRAWN:
            return EventVerdict.WITHDRAWN
        if any(self.is_first(one, label) for label in self.labels):
            return EventVerdict.RIGHT
        if any(self.explains(one, label) for label in self.labels):
            return EventVerdict.EXPLAINED
        return EventVerdict.REPEATED if any(self.fits(one, label) for label in self.labels) else EventVerdict.FALSE

    def outcome(self, label: Label) -> LabelOutcome:
        if not label.expects:
            return self.quiet(label)
        assert label.by_ms is not None
        if label.start_ms < at(0) or label.by_ms > at(600):
            return LabelOutcome.OPEN
        heard = [one.found_ms for one in self.events if self.fits(one, label)]
        if heard:
            return LabelOutcome.IN_TIME if min(heard) <= label.by_ms else LabelOutcome.LATE
        return LabelOutcome.IN_TIME if any(self.stands(one, label) for one in self.events) else LabelOutcome.MISSED

    def stands(self, one: ScoredEvent, label: Label) -> bool:
        event = one.event
        if self.verdict(one) is not EventVerdict.RIGHT or event.problem not in label.expects:
            return False
        is_open = event.opened_at_ms < label.start_ms and (
            event.cleared_at_ms is None or event.cleared_at_ms > label.start_ms
        )
        recent = any(
            self.is_first(one, other) and other.end_ms + GRACE_MS >= label.start_ms
            for other in self.labels
            if other is not label
        )
        return is_open and recent and event.subject in label.subjects

    def quiet(self, label: Label) -> LabelOutcome:
        if label.start_ms < at(0) or label.end_ms > at(600):
            return LabelOutcome.OPEN
        disturbed = any(
            self.verdict(one) is EventVerdict.FALSE
            and one.event.subject in (label.place, *label.affected)
            and one.event.opened_at_ms >= label.start_ms
            and one.event.since_ms < label.end_ms
            for one in self.events
        )
        return LabelOutcome.DISTURBED if disturbed else LabelOutcome.QUIET


def test_the_slow_count_sees_what_the_matching_must_not_do() -> None:
    """The reference is no copy: a matching that ignored deadlines would differ from it."""
    late = [told(85)]
    assert SlowCount([label(60, 90)], late).outcome(label(60, 90)) is LabelOutcome.LATE
    assert (
        SlowCount([label(60, 90)], [replace(late[0], published_ms=at(65))]).outcome(label(60, 90))
        is LabelOutcome.IN_TIME
    )
