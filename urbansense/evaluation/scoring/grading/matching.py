"""Which event is about which fault: events matched to the labels of the truth, by a few rules that need no tuning.

labels ──┬─ asks for an event ──▶ in time, late, missed        (open: not fully inside the window, not counted)
         └─ asks for none ──────▶ quiet, disturbed
events ──▶ right, explained, repeated, false                   (withdrawn: published and taken back, counted apart)
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from domain.events import Event, Status
from domain.time.units import MINUTE_MS
from simulators.truth.labels import Label
from urbansense.evaluation.scoring.grading.verdicts import (
    EventVerdict,
    JudgedEvent,
    JudgedLabel,
    LabelOutcome,
    Matched,
    ScoredEvent,
    Window,
)

DEFAULT_GRACE_MS: Final = 15 * MINUTE_MS


_STRAY: Final = (EventVerdict.FALSE, EventVerdict.REPEATED)
CountsFor = Callable[[str], Collection[str]]
"""What a device counts for in groups: its parents, areas, grid and attribute values."""


def match(
    labels: Iterable[Label],
    events: Iterable[ScoredEvent],
    window: Window,
    grace_ms: int = DEFAULT_GRACE_MS,
    groups: Collection[str] = (),
    counts_for: CountsFor | None = None,
) -> Matched:
    """Every label with its outcome and every event with its verdict. The order of what comes in changes nothing.

    Events that opened outside the window, and historical ones, are left out. `groups` are the rules that make one event
    of many.

    - An event *answers* a label if its problem is one of `expects`, its subject one of `subjects`, and its time fits:
      it opened at or after the start, and its run began (`since`) no later than the end. A `no_data` event began before
      the fault, with the last report, and fits. An event that fits no label by the device's clock is tried by the clock
      of publishing: published from the start to the end. So a device whose clock is wrong is not held against the rules.
    - A label that asks for an event is in time if the first event that answers it was published by `by_ms` (opened,
      where the time of publishing is not known), late if only afterwards, missed without one. If none answers but
      the right event of another label on the same subject is still open at the start, and that label is on or ended no
      longer than `grace_ms` ago, it is in time: people know.
    - It is open, and not counted, if it began before the window or its `by_ms` lies after the window's end.
    - A label that asks for nothing is disturbed by false events on its place or `affected` that began or opened while it
      was on; else quiet. It is open unless all of it is in the window.
    - An event is *right* if it answers a label, open ones included, and is the first there of its rule and subject.
      Several rules may answer one label. *Explained* if its problem is one of `explains` and its subject one of
      `affected` of a label that is on, or was up to `grace_ms` ago; or if it is a group's and all its members are right
      or explained by themselves; or if it is part of another event (`absorbed_by`), which is judged in its place.
      *Repeated* if it answers a label for which another event of its rule and subject was published before: flapping.
      *False* otherwise. *Withdrawn* events answer nothing, and are neither right nor false.
    """
    return _Matching(labels, events, window, grace_ms, frozenset(groups), counts_for).result()


Key = tuple[str, str]
"""A problem and a subject."""


class _Matching:
    def __init__(
        self,
        labels: Iterable[Label],
        events: Iterable[ScoredEvent],
        window: Window,
        grace_ms: int,
        groups: frozenset[str],
        counts_for: CountsFor | None,
    ) -> None:
        self.window, self.grace_ms = window, grace_ms
        self.groups, self.counts_for = groups, counts_for
        self.labels = sorted(labels, key=lambda label: (label.start_ms, label.label))
        self.events = _in_window(events, window)
        self.asking: defaultdict[Key, list[Label]] = defaultdict(list)
        self.explaining: defaultdict[Key, list[Label]] = defaultdict(list)
        for label in self.labels:
            for subject in dict.fromkeys(label.subjects):
                for problem in dict.fromkeys(label.expects):
                    self.asking[problem, subject].append(label)
            for subject in dict.fromkeys(label.affected):
                for problem in dict.fromkeys(label.explains):
                    self.explaining[problem, subject].append(label)
        self.answers = self._answers()
        self.firsts = self._firsts(self.answers)

    def result(self) -> Matched:
        judged = self._judged()
        right: defaultdict[Key, list[ScoredEvent]] = defaultdict(list)
        disturbing: defaultdict[str, list[ScoredEvent]] = defaultdict(list)
        for one in judged:
            if one.verdict is EventVerdict.RIGHT:
                right[one.event.problem, one.event.subject].append(one.scored)
            elif one.verdict is EventVerdict.FALSE:
                disturbing[one.event.subject].append(one.scored)
        found = tuple(
            self._asked(label, right) if label.expects else self._asked_nothing(label, disturbing)
            for label in self.labels
        )
        return Matched(self.window, found, tuple(judged))

    # Events

    def _answers(self) -> defaultdict[str, list[ScoredEvent]]:
        """By label, the events that answer it, first published first."""
        found: defaultdict[str, list[ScoredEvent]] = defaultdict(list)
        for scored in sorted(self.events, key=lambda scored: scored.found_ms):
            if scored.event.status is not Status.WITHDRAWN:
                for label in self._answered_by(scored):
                    found[label.label].append(scored)
        return found

    def _answered_by(self, scored: ScoredEvent) -> list[Label]:
        event = scored.event
        asking = self.asking.get((event.problem, event.subject), [])
        fit = [label for label in asking if label.start_ms <= event.opened_at_ms and event.since_ms <= label.end_ms]
        if fit or scored.published_ms is None:
            return fit
        return [label for label in asking if label.start_ms <= scored.published_ms <= label.end_ms]

    def _judged(self) -> list[JudgedEvent]:
        """The verdicts: first each event by itself, then groups by their members, then members by their group."""
        alone = [self._verdict(scored) for scored in self.events]
        return [
            replace(one, verdict=EventVerdict.EXPLAINED)
            if one.verdict in _STRAY and (one.event.absorbed_by is not None or self._has_true_members(one, alone))
            else one
            for one in alone
        ]

    def _has_true_members(self, one: JudgedEvent, alone: Sequence[JudgedEvent]) -> bool:
        if one.event.rule not in self.groups:
            return False
        members = [other.verdict for other in alone if self._is_member(other.event, one.event)]
        return bool(members) and not any(verdict in _STRAY for verdict in members)

    def _firsts(self, answers: defaultdict[str, list[ScoredEvent]]) -> defaultdict[str, list[Label]]:
        """By the id of an event, the labels for which it was the first of its rule and subject."""
        firsts: defaultdict[str, list[Label]] = defaultdict(list)
        for label in self.labels:
            answered: set[Key] = set()
            for scored in answers.get(label.label, ()):
                key = (scored.event.rule, scored.event.subject)
                if key not in answered:
                    answered.add(key)
                    firsts[_id(scored)].append(label)
        return firsts

    def _verdict(self, scored: ScoredEvent) -> JudgedEvent:
        if scored.event.status is Status.WITHDRAWN:
            return JudgedEvent(scored, EventVerdict.WITHDRAWN)
        if firsts := self.firsts.get(_id(scored)):
            return JudgedEvent(scored, EventVerdict.RIGHT, firsts[0])
        if (cause := self._explained_by(scored)) is not None:
            return JudgedEvent(scored, EventVerdict.EXPLAINED, cause)
        if answered := self._answered_by(scored):
            return JudgedEvent(scored, EventVerdict.REPEATED, answered[0])
        return JudgedEvent(scored, EventVerdict.FALSE)

    def _explained_by(self, scored: ScoredEvent) -> Label | None:
        event = scored.event
        for label in self.explaining.get((event.problem, event.subject), ()):
            until_ms = label.end_ms + self.grace_ms
            if label.start_ms <= event.opened_at_ms and event.since_ms <= until_ms:
                return label
            if scored.published_ms is not None and label.start_ms <= scored.published_ms <= until_ms:
                return label
        return None

    def _is_member(self, event: Event, group: Event) -> bool:
        return (
            event.absorbed_by == group.rule
            and event.status is not Status.WITHDRAWN
            and event.since_ms <= (group.cleared_at_ms or self.window.to_ms)
            and group.since_ms <= (event.cleared_at_ms or self.window.to_ms)
            and (self.counts_for is None or group.subject in self.counts_for(event.subject))
        )

    # Labels

    def _asked(self, label: Label, right: defaultdict[Key, list[ScoredEvent]]) -> JudgedLabel:
        assert label.by_ms is not None
        answers = self.answers[label.label]
        standing = None if answers else self._standing(label, right)
        if label.start_ms < self.window.from_ms or label.by_ms > self.window.to_ms:
            outcome = LabelOutcome.OPEN
        elif answers:
            outcome = LabelOutcome.IN_TIME if answers[0].found_ms <= label.by_ms else LabelOutcome.LATE
        else:
            outcome = LabelOutcome.IN_TIME if standing else LabelOutcome.MISSED
        return JudgedLabel(label, outcome, tuple(answers), standing)

    def _standing(self, label: Label, right: defaultdict[Key, list[ScoredEvent]]) -> ScoredEvent | None:
        for subject in label.subjects:
            for problem in label.expects:
                for scored in right.get((problem, subject), ()):
                    opened_ms, cleared_ms = scored.event.opened_at_ms, scored.event.cleared_at_ms
                    is_open = opened_ms < label.start_ms and (cleared_ms is None or cleared_ms > label.start_ms)
                    over_ms = max(other.end_ms for other in self.firsts[_id(scored)]) + self.grace_ms
                    if is_open and over_ms >= label.start_ms:
                        return scored
        return None

    def _asked_nothing(self, label: Label, false: defaultdict[str, list[ScoredEvent]]) -> JudgedLabel:
        if label.start_ms < self.window.from_ms or label.end_ms > self.window.to_ms:
            return JudgedLabel(label, LabelOutcome.OPEN)
        found = [
            scored
            for subject in dict.fromkeys((label.place, *label.affected))
            for scored in false.get(subject, ())
            if label.start_ms <= scored.event.opened_at_ms and scored.event.since_ms < label.end_ms
        ]
        found.sort(key=lambda scored: scored.found_ms)
        return JudgedLabel(label, LabelOutcome.DISTURBED if found else LabelOutcome.QUIET, tuple(found))


def _in_window(events: Iterable[ScoredEvent], window: Window) -> list[ScoredEvent]:
    """The events to judge, each once at its highest revision, published as early as the first event that it replaces."""
    newest: dict[str, ScoredEvent] = {}
    for scored in events:
        known = newest.get(_id(scored))
        if known is None or known.event.revision < scored.event.revision:
            newest[_id(scored)] = scored
    kept = [
        ScoredEvent(scored.event, _first_published_ms(scored, newest))
        for scored in newest.values()
        if window.from_ms <= scored.event.opened_at_ms < window.to_ms and not scored.event.historical
    ]
    return sorted(
        kept, key=lambda scored: (scored.event.opened_at_ms, scored.event.rule, scored.event.subject, _id(scored))
    )


def _first_published_ms(scored: ScoredEvent, known: dict[str, ScoredEvent]) -> int | None:
    first_ms, seen = scored.published_ms, {_id(scored)}
    while scored.event.replaces is not None and (before := known.get(str(scored.event.replaces))) is not None:
        if _id(before) in seen:
            break
        seen.add(_id(before))
        first_ms = min((ms for ms in (first_ms, before.published_ms) if ms is not None), default=None)
        scored = before
    return first_ms


def _id(scored: ScoredEvent) -> str:
    return str(scored.event.event_id)
