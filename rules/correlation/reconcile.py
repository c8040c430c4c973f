"""How a course is told: the event with its severity now, what absorbs it, and who silenced it."""

from typing import Any

from rules.correlation.changes import EventChange, Withdrawal, difference
from rules.correlation.composing import compose, escalated
from rules.correlation.event_history import FOREVER_MS, EventFields, EventHistory, Interval, RuleSubject
from rules.correlation.grouping import is_member
from rules.correlation.state import CorrelationState
from rules.correlation.subject_state import SubjectState
from rules.correlation.suppression import is_absorbed
from rules.definitions.silences import Silence
from rules.language.rule import Rule


class SubjectReconciler:
    """Compares what was told with what is known by now. `silences` are those that still matter."""

    def __init__(self, known: CorrelationState) -> None:
        self._known = known
        self.silences: list[Silence] = []

    def tell(self, track: SubjectState) -> list[EventChange]:
        """What must be told of a track, which then counts as told."""
        rule = self._known.relations.rules.get(track.key[0])
        wanted = [event for course in track.courses if (event := self._wanted(track, course, rule)) is not None]
        return difference(
            track.key, track.told, wanted, track.settled_ms, lambda opened_ms: self._why_gone(track, opened_ms)
        )

    def _wanted(self, track: SubjectState, course: EventHistory, rule: Rule | None) -> EventFields | None:
        """The event of a course as it should be told now; None where nothing is to be told (any more)."""
        name = track.key[0]
        waits = self._known.relations.waits(name)
        if course.cleared_ms <= track.settled_ms and not track.is_told_open(course.opened_ms):
            return None
        if waits and course.opened_ms > self._known.now_ms:
            return None
        life = course[2:4]
        if waits or course.is_unstable:  # an unstable event is over at the next one, whatever the clock says
            life = course.life_at(self._known.now_ms if waits else max(self._known.now_ms, track.courses[-1].opened_ms))
        severity = self._severity(track, course, life, rule)
        marks: dict[str, Any] = {
            "absorbed_by": self._absorbed_by(track.key, course, life),
            "silenced_by": self._silenced_by(course, life),
            "hold_ms": 0 if severity == "critical" else self._known.relations.hold_ms(name),
        }
        return compose(track.key, course, life, severity, marks)

    def _severity(self, track: SubjectState, course: EventHistory, life: Interval, rule: Rule | None) -> str:
        """As raised; by its own age where it is a group's or did not open as raised."""
        raised: str = course.first.event["severity"]
        if course.is_as_raised and (rule is None or rule.group is None):
            return raised
        if rule is not None:
            return escalated(rule, life, self._known.now_ms)
        told: str = track.told.get(course.opened_ms, {}).get("severity", raised)
        return told

    def _absorbed_by(self, key: RuleSubject, course: EventHistory, life: Interval) -> str | None:
        for group in self._known.relations.absorbers_of(key[0]):
            track = self._known.tracks.get((group, course.first.groups.get(group, "")))
            for event in track.courses if track else ():
                if is_member(life, self._known.relations.groups[group], event, self._known.now_ms):
                    return group
        for name, over in self._known.over(key, course.first):
            if is_absorbed(life, [over], self._known.now_ms):
                return name
        return None

    def _why_gone(self, track: SubjectState, opened_ms: int) -> Withdrawal:
        spell = next((s for s in track.spells.values() if s.opened_ms <= opened_ms < s.cleared_ms), None)
        spell = spell or track.spells.get(opened_ms)
        for name, (first, end) in self._known.over(track.key, spell) if spell else ():
            if first <= opened_ms < end:
                return Withdrawal("suppressed", name)
        return Withdrawal()

    def _silenced_by(self, course: EventHistory, life: Interval) -> str | None:
        opened_ms, cleared_ms = life
        at_ms = max(self._known.now_ms, opened_ms) if cleared_ms == FOREVER_MS else cleared_ms - 1
        for silence in self.silences:
            if silence.is_in_force(at_ms) and fits(silence, course.first.event, course.first.chain):
                return silence.id
        return None


def fits(silence: Silence, event: EventFields, chain: tuple[str, ...]) -> bool:
    """Whether a silence is about an event; `chain` is its subject and the subject's parents."""
    return silence.matches.fits(event["rule"], event["kind"], event["area"], chain)
