"""How a history is published: the event with its severity now, what absorbs it, and who silenced it."""

from typing import Any

from rules.correlation.changes import EventChange, Withdrawal, difference
from rules.correlation.composing import compose, escalated
from rules.correlation.event_history import FOREVER_MS, EventFields, EventHistory, Interval, RuleSubject
from rules.correlation.grouping import is_member
from rules.correlation.silencing import SilencesInSight
from rules.correlation.state import CorrelationState
from rules.correlation.subject_state import SubjectState
from rules.correlation.suppression import is_absorbed
from rules.language.rule import Rule


class SubjectReconciler:
    """Compares what was published with what is known by now."""

    def __init__(self, known: CorrelationState, silences: SilencesInSight) -> None:
        self._known = known
        self._silences = silences

    def reconcile(self, state: SubjectState) -> list[EventChange]:
        """What must be published of a rule on a subject, which then counts as published."""
        rule = self._known.relations.rules.get(state.key[0])
        wanted = [event for history in state.histories if (event := self._wanted(state, history, rule)) is not None]
        return difference(
            state.key,
            state.published,
            wanted,
            state.settled_ms,
            lambda opened_ms: self._why_gone(state, opened_ms),
        )

    def _wanted(self, state: SubjectState, history: EventHistory, rule: Rule | None) -> EventFields | None:
        """The event of a history as it should be published now; None where nothing is to be published (any more)."""
        name = state.key[0]
        waits = self._known.relations.waits(name)
        if history.cleared_ms <= state.settled_ms and not state.is_published_open(history.opened_ms):
            return None
        if waits and history.opened_ms > self._known.now_ms:
            return None
        life = history[2:4]
        if waits or history.is_unstable:  # an unstable event is over at the next one, whatever the clock is
            life = history.life_at(
                self._known.now_ms if waits else max(self._known.now_ms, state.histories[-1].opened_ms)
            )
        severity = self._severity(state, history, life, rule)
        marks: dict[str, Any] = {
            "absorbed_by": self._absorbed_by(state.key, history, life),
            "silenced_by": self._silenced_by(history, life),
            "hold_ms": 0 if severity == "critical" else self._known.relations.hold_ms(name),
        }
        return compose(state.key, history, life, severity, marks)

    def _severity(self, state: SubjectState, history: EventHistory, life: Interval, rule: Rule | None) -> str:
        """As raised; by its own age where it is a group's or did not open as raised."""
        severity_raised: str = history.first.event["severity"]
        if history.is_as_raised and (rule is None or rule.group is None):
            return severity_raised
        if rule is not None:
            return escalated(rule, life, self._known.now_ms)
        severity: str = state.published.get(history.opened_ms, {}).get("severity", severity_raised)
        return severity

    def _absorbed_by(self, key: RuleSubject, history: EventHistory, life: Interval) -> str | None:
        for group in self._known.relations.absorbers_of(key[0]):
            state = self._known.subject_states.get((group, history.first.groups.get(group, "")))
            for event in state.histories if state else ():
                if is_member(life, self._known.relations.groups[group], event, self._known.now_ms):
                    return group
        for name, over in self._known.over(key, history.first):
            if is_absorbed(life, [over], self._known.now_ms):
                return name
        return None

    def _why_gone(self, state: SubjectState, opened_ms: int) -> Withdrawal:
        raised = next((s for s in state.raised_events.values() if s.opened_ms <= opened_ms < s.cleared_ms), None)
        raised = raised or state.raised_events.get(opened_ms)
        for name, (first, end) in self._known.over(state.key, raised) if raised else ():
            if first <= opened_ms < end:
                return Withdrawal("suppressed", name)
        return Withdrawal()

    def _silenced_by(self, history: EventHistory, life: Interval) -> str | None:
        opened_ms, cleared_ms = life
        at_ms = max(self._known.now_ms, opened_ms) if cleared_ms == FOREVER_MS else cleared_ms - 1
        return self._silences.marking(history.first.event, history.first.chain, at_ms)
