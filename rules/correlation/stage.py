"""The correlation stage itself: raised events, clocks, rules and silences in, events for people out.

    raised event ─▶ spell ─▶ suppression ─▶ damping ─▶ course ─┬─▶ telling
                                                               └─▶ group ─▶ spell of the group ─▶ ...
It never reads a clock. The same inputs in the same order give the same outputs, wherever a snapshot is taken between.
"""

from collections import deque
from collections.abc import Collection, Iterable
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

import orjson

from domain.events import Transition
from rules.correlation.composing import compose, escalated, group_event
from rules.correlation.grouping import is_member, open_at, spans_of
from rules.correlation.places import FindDevice, chain_of, group_subject
from rules.correlation.relations import Relations
from rules.correlation.spells import (
    FOREVER_MS,
    NEVER_MS,
    TO_PEOPLE,
    Course,
    Decision,
    EventFields,
    Interval,
    Key,
    Role,
    Spell,
)
from rules.correlation.suppression import created_at, is_absorbed
from rules.correlation.tellings import Withdrawal, difference
from rules.correlation.track import Created, Track, courses_of
from rules.rule import DEFAULT_LATENESS_MS, Mode, Rule
from rules.silences import Silence

SETTLE_EVERY_MS: Final = 3_600_000
"""How often what no late data can reach any more is settled and forgotten, in time of the clock."""


class Output(NamedTuple):
    """One thing to tell: what happened to an event, and the event as it stands after it. In shadow nobody is told."""

    transition: Transition
    event: EventFields
    value: bytes
    clock_ms: int
    in_shadow: bool = False


class Stage:
    """The one place where events meet. Feed it in the order of the log; take outputs and changed state together."""

    def __init__(self, partitions: int, find_device: FindDevice, settle_every_ms: int = SETTLE_EVERY_MS) -> None:
        self.outputs: list[Output] = []
        self.now_ms = NEVER_MS
        self._partitions = partitions
        self._find_device = find_device
        self._settle_every_ms = settle_every_ms
        self._clocks: dict[int, int] = {}
        self._pruned_ms = NEVER_MS
        self._rules: dict[str, Rule] = {}
        self._relations = Relations()
        self._silences: list[Silence] = []
        self._all_silences: list[Silence] = []
        self._passing: dict[Key, bytes] = {}
        self._tracks: dict[Key, Track] = {}
        self._members: dict[Key, set[Key]] = {}
        self._under: dict[str, set[Key]] = {}
        self._wakes: list[tuple[int, Key]] = []
        self._changed: set[Key] = set()

    # Inputs

    def raised(self, transition: Transition, value: bytes, clock_ms: int) -> None:
        """Take an event as a device rule raised it."""
        event: EventFields = orjson.loads(value)
        key = (event["rule"], event["subject"])
        track = self._tracks.get(key)
        if track is None and (event["historical"] or not self._concerns(event)):
            self._pass_on(transition, key, event, value, clock_ms)
            return
        self._changed.add(key)
        if track is None:
            track = self._adopt(key)
        opened_ms = event["opened_at_ms"]
        if transition is Transition.WITHDRAWN:
            if (spell := track.spells.pop(opened_ms, None)) is not None:
                self._touch([key], clock_ms, [(group, subject) for group, subject in spell.groups.items()])
                return
        elif (spell := track.spells.get(opened_ms)) is not None:
            spell.event = event
        else:
            self._add_spell(track, event)
        self._touch([key], clock_ms)

    def clock(self, partition: int, now_ms: int) -> None:
        """Take a partition's clock; what has come to pass in all of them is settled."""
        self._clocks[partition] = max(now_ms, self._clocks.get(partition, now_ms))
        if len(self._clocks) < self._partitions:
            return
        before_ms, self.now_ms = self.now_ms, max(self.now_ms, min(self._clocks.values()))
        if self.now_ms == before_ms:
            return
        due: set[Key] = set()
        while self._wakes and self._wakes[0][0] <= self.now_ms:
            wake_ms, key = heappop(self._wakes)
            track = self._tracks.get(key)
            if track is not None and track.wake_ms == wake_ms:
                due.add(key)
        if self._pruned_ms == NEVER_MS:
            self._pruned_ms = before_ms if before_ms != NEVER_MS else self.now_ms - self._lateness_ms()
        for silence in self._silences:
            if before_ms < silence.starts_at_ms <= self.now_ms or before_ms < silence.ends_at_ms <= self.now_ms:
                due |= self._silenced_keys(silence)
        self._touch(due, self.now_ms)
        if self.now_ms - self._lateness_ms() >= self._pruned_ms + self._settle_every_ms:
            self._prune(self.now_ms - self._lateness_ms())

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Correlate by these rules from now on. What was decided under the old ones stands."""
        new = {rule.name: rule for rule in rules}
        relations = Relations(new.values())
        changed = {
            name
            for name in self._rules.keys() | new.keys()
            if _footprint(name, self._relations) != _footprint(name, relations)
        }
        self._settle([track for track in self._tracks.values() if track.key[0] in changed], self.now_ms)
        replaced = {name for name in self._relations.groups if not _lives_on(self._relations, relations, name)}
        begun = {name for name in relations.groups if name in replaced or name not in self._relations.groups}
        self._end_groups(replaced, new)
        self._rules, self._relations = new, relations
        for key in [key for key in self._passing if key[0] in relations.takes_part]:
            self._adopt(key)
        self._place_again()
        for key in sorted(key for key in self._members if key[0] in begun):
            self._begin_group(key)
        self._touch(set(self._tracks) | set(self._members), self.now_ms)

    def set_silences(self, silences: Iterable[Silence]) -> None:
        """Mark events by these silences from now on."""
        before, self._all_silences = self._all_silences, list(silences)
        self._refresh_silences()
        due: set[Key] = set()
        for silence in before + self._all_silences:
            if silence not in before or silence not in self._all_silences:
                due |= self._silenced_keys(silence)
        self._touch(due, self.now_ms)

    # State

    def take(self) -> tuple[list[Output], dict[Key, bytes | None]]:
        """The outputs in order and the state of what changed since the last call, None where nothing is left of it."""
        outputs, self.outputs = self.outputs, []
        states = {key: self._state_of(key) for key in sorted(self._changed)}
        self._changed.clear()
        return outputs, states

    def known(self) -> int:
        """On how many subjects of rules anything is known, or open."""
        return len(self._tracks) + len(self._passing)

    def snapshot(self) -> dict[str, Any]:
        """The stage's own state beside that of rules on subjects, as JSON; rules and silences are the caller's."""
        return {"now": self.now_ms, "pruned": self._pruned_ms, "clocks": sorted(self._clocks.items())}

    def restore(self, snapshot: dict[str, Any], rules: Iterable[Rule], silences: Iterable[Silence]) -> None:
        """Be as at the snapshot, under the rules and silences of that time; call `adopt_state` before it."""
        self.now_ms, self._pruned_ms = snapshot["now"], snapshot["pruned"]
        self._clocks = dict(snapshot["clocks"])
        self._rules = {rule.name: rule for rule in rules}
        self._relations = Relations(self._rules.values())
        self._all_silences = list(silences)
        self._refresh_silences()
        for track in self._tracks.values():
            for spell in track.spells.values():
                self._index(track.key, spell)
        for track in self._tracks.values():
            self._follow(track)

    def adopt_state(self, key: Key, state: bytes) -> None:
        """Take in what `take` gave for a rule on a subject."""
        told: dict[str, Any] = orjson.loads(state)
        if "spells" in told:
            self._tracks[key] = Track.restored(key, told)
        else:
            self._passing[key] = state

    def _state_of(self, key: Key) -> bytes | None:
        track = self._tracks.get(key)
        return orjson.dumps(track.snapshot()) if track is not None else self._passing.get(key)

    # Events that take part in nothing

    def _concerns(self, event: EventFields) -> bool:
        return event["rule"] in self._relations.takes_part or (bool(self._silences) and self._may_be_silenced(event))

    def _pass_on(self, transition: Transition, key: Key, event: EventFields, value: bytes, clock_ms: int) -> None:
        if event["status"] == "open" and not event["historical"]:
            self._passing[key] = value
            self._changed.add(key)
        elif self._passing.pop(key, None) is not None:
            self._changed.add(key)
        self.outputs.append(Output(transition, event, value, clock_ms))

    def _adopt(self, key: Key) -> Track:
        """A track for a rule on a subject; what passed before it and is open was told as it is."""
        track = self._tracks[key] = Track(key)
        self._changed.add(key)
        value = self._passing.pop(key, None)
        if value is not None:
            event: EventFields = orjson.loads(value)
            spell = self._add_spell(track, event)
            spell.decisions[TO_PEOPLE] = Decision(spell.opened_ms, created=True, role=Role.OWN)
            track.told[spell.opened_ms] = event
        return track

    # Spells and their places

    def _add_spell(self, track: Track, event: EventFields) -> Spell:
        name, subject = track.key
        device = self._find_device(subject)
        groups = {}
        for group in self._relations.groups_of.get(name, ()):
            if (of := group_subject(self._relations.groups[group].by, device)) is not None:
                groups[group] = of
        spell = track.spells[event["opened_at_ms"]] = Spell(event, chain_of(subject, self._find_device), groups)
        self._index(track.key, spell)
        return spell

    def _index(self, key: Key, spell: Spell) -> None:
        for group, subject in spell.groups.items():
            self._members.setdefault((group, subject), set()).add(key)
        if self._relations.suppressors_of(key[0]):
            for subject in spell.chain:
                self._under.setdefault(subject, set()).add(key)

    def _place_again(self) -> None:
        """Every spell in the groups of the rules as they are now; what it counted for already stays."""
        self._members.clear()
        self._under.clear()
        for key, track in sorted(self._tracks.items()):
            device = self._find_device(key[1])
            for spell in track.spells.values():
                groups = {}
                for name in self._relations.groups_of.get(key[0], ()):
                    subject = spell.groups.get(name) or group_subject(self._relations.groups[name].by, device)
                    if subject is not None:
                        groups[name] = subject
                spell.groups = groups
                self._index(key, spell)

    # From spells to courses

    def _touch(self, keys: Collection[Key], clock_ms: int, groups: Iterable[Key] = ()) -> None:
        """Derive these anew, and all that depends on them, until nothing changes; then tell."""
        work, seen = deque(dict.fromkeys([*sorted(keys, key=self._place_in_line), *groups])), set(keys)
        while work:
            key = work.popleft()
            if key[0] in self._relations.groups:
                self._regroup(key)
            track = self._tracks.get(key)
            if track is None:
                continue
            seen.add(key)
            if self._follow(track):
                queued = set(work)
                work += [other for other in sorted(self._dependents(track)) if other not in queued]
        for key in sorted(seen, key=self._place_in_line):
            if key in self._tracks:
                self._tell(self._tracks[key], clock_ms)

    def _place_in_line(self, key: Key) -> tuple[bool, Key]:
        """Groups after their members."""
        return key[0] in self._relations.groups, key

    def _follow(self, track: Track) -> bool:
        """Derive a track's courses; whether what others see of it changed."""
        rule, wake_ms = self._relations.rules.get(track.key[0]), track.wake_ms
        steps = [step.after_ms for step in rule.escalate] if rule and rule.group else ()
        others = [self._courses(track, view) for view in self._views(track)[1:]]
        changed = track.follow(self._courses(track), self.now_ms, others, steps)
        if track.wake_ms not in (wake_ms, FOREVER_MS):
            heappush(self._wakes, (track.wake_ms, track.key))
        return changed

    def _dependents(self, track: Track) -> set[Key]:
        """Whose events this track's decide about: those it suppresses, its groups, and those it absorbs."""
        name, subject = track.key
        found = {group for spell in track.spells.values() for group in spell.groups.items()}
        if children := self._relations.children_of.get(name):
            found |= {key for key in self._under.get(subject, ()) if key[0] in children}
        if name in self._relations.groups and self._relations.groups[name].absorbs:
            found |= self._members.get(track.key, set())
        found.discard(track.key)
        return found

    def _created(self, track: Track, view: str = TO_PEOPLE) -> Created:
        ignored = self._relations.ignored_by(view, track.key[0])
        return {
            opened_ms: created_at(spell, [over for _, over in self._over(track.key, spell, ignored)], view)
            for opened_ms, spell in track.spells.items()
        }

    def _courses(self, track: Track, view: str = TO_PEOPLE) -> list[Course]:
        rule = self._relations.rules.get(track.key[0])
        return courses_of(self._created(track, view), track.spells, rule, view)

    def _views(self, track: Track) -> list[str]:
        """Who sees the track's events differently: people, and the groups that count what they suppress themselves."""
        name = track.key[0]
        groups = self._relations.groups_of.get(name, ())
        return [TO_PEOPLE, *(group for group in groups if self._relations.ignored_by(group, name))]

    def _over(self, key: Key, spell: Spell, ignoring: Collection[str] = ()) -> list[tuple[str, Interval]]:
        """What stands over a spell at any time: the events of its suppressors on the subject and its parents."""
        return [
            (name, interval)
            for name in self._relations.suppressors_of(key[0])
            if name not in ignoring
            for subject in spell.chain
            if (name, subject) != key and (track := self._tracks.get((name, subject))) is not None
            for interval in sorted(spell.interval for spell in track.spells.values())
        ]

    # Groups

    def _group_members(self, key: Key) -> list[Course]:
        """The courses that count for a group, by opening."""
        group, subject = key
        found: list[tuple[int, Key, Course]] = []
        for member in self._members.get(key, ()):
            track = self._tracks[member]
            ignores = self._relations.ignored_by(group, member[0])
            courses = self._courses(track, group) if ignores else track.courses
            found += [(c.opened_ms, member, c) for c in courses if c.first.groups.get(group) == subject]
        return [course for _, _, course in sorted(found, key=lambda entry: entry[:2])]

    def _regroup(self, key: Key) -> None:
        """A group's spells as its members make them now."""
        rule = self._relations.rules[key[0]]
        assert rule.group is not None
        track = self._tracks.get(key)
        settled_ms, began_ms = (track.settled_ms, track.began_ms) if track else (None, None)
        members = self._group_members(key)
        spans = spans_of(members, rule.group, settled_ms, began_ms)
        if track is None:
            if not spans:
                return
            track = self._tracks[key] = Track(key)
        before = {t: (spell.event, spell) for t, spell in track.spells.items()}
        place = self._find_device(key[1]) if rule.group.by == "parent" else None
        track.spells = {t: s for t, s in track.spells.items() if t != began_ms and s.cleared_ms <= track.settled_ms}
        for span in spans:
            known = before.get(span.opened_ms)
            if known is None and not span.members:
                span = span._replace(members=tuple(m for m in members if m.opened_ms <= span.opened_ms < m.cleared_ms))
            event = group_event(rule, key[1], span, place, known[0] if known else None)
            if known is None:
                self._add_spell(track, event)
            else:
                track.spells[span.opened_ms] = known[1]
                known[1].event = event
        if {t: spell.event for t, spell in track.spells.items()} != {t: event for t, (event, _) in before.items()}:
            self._changed.add(key)

    def _begin_group(self, key: Key) -> None:
        """A group rule put in force over events that are open already: its event opens now, if they are enough."""
        group = self._relations.groups[key[0]]
        if self.now_ms == NEVER_MS:
            return
        for member in self._members[key]:
            self._follow(self._tracks[member])
        track = self._tracks.get(key) or Track(key)
        track.settled_ms = self.now_ms
        track.began_ms = self.now_ms if open_at(self._group_members(key), group, self.now_ms) else None
        self._tracks[key] = track
        self._changed.add(key)

    def _end_groups(self, names: Collection[str], new: dict[str, Rule]) -> None:
        """Clear the open events of group rules that are gone, and let go of their members."""
        due = set()
        for key, track in self._tracks.items():
            if key[0] not in names:
                continue
            track.began_ms = None
            track.spells = {t: spell for t, spell in track.spells.items() if t <= self.now_ms}
            for spell in track.spells.values():
                if spell.cleared_ms > self.now_ms:
                    spell.event = spell.event | {
                        "status": "cleared", "cleared_at_ms": self.now_ms, "reason": _reason_gone(key[0], new)
                    }  # fmt: skip
            due.add(key)
        for name in names:
            due |= {member for key, members in self._members.items() if key[0] == name for member in members}
        self._touch(due, self.now_ms)

    # Telling

    def _tell(self, track: Track, clock_ms: int) -> None:
        rule = self._relations.rules.get(track.key[0])
        wanted = [event for course in track.courses if (event := self._wanted(track, course, rule)) is not None]
        tellings = difference(
            track.key, track.told, wanted, track.settled_ms, lambda opened_ms: self._why_gone(track, opened_ms)
        )
        in_shadow = rule is not None and rule.mode is Mode.SHADOW
        for transition, event in tellings:
            self.outputs.append(Output(transition, event, orjson.dumps(event), clock_ms, in_shadow))
            self._changed.add(track.key)

    def _wanted(self, track: Track, course: Course, rule: Rule | None) -> EventFields | None:
        """The event of a course as it should be told now; None where nothing is to be told (any more)."""
        name = track.key[0]
        waits = self._relations.waits(name)
        if course.cleared_ms <= track.settled_ms and not track.is_told_open(course.opened_ms):
            return None
        if waits and course.opened_ms > self.now_ms:
            return None
        life = course[2:4]
        if waits or course.is_unstable:  # an unstable event is over at the next one, whatever the clock says
            life = course.life_at(self.now_ms if waits else max(self.now_ms, track.courses[-1].opened_ms))
        severity = course.first.event["severity"]
        if rule is not None and rule.group is not None:
            severity = escalated(rule, life, self.now_ms)
        marks: dict[str, Any] = {
            "absorbed_by": self._absorbed_by(track.key, course, life),
            "silenced_by": self._silenced_by(course, life),
            "hold_ms": 0 if severity == "critical" else self._relations.hold_ms(name),
        }
        return compose(track.key, course, life, severity, marks)

    def _absorbed_by(self, key: Key, course: Course, life: Interval) -> str | None:
        for group in self._relations.absorbers_of(key[0]):
            track = self._tracks.get((group, course.first.groups.get(group, "")))
            for event in track.courses if track else ():
                if is_member(life, self._relations.groups[group], event, self.now_ms):
                    return group
        for name, over in self._over(key, course.first):
            if is_absorbed(life, [over], self.now_ms):
                return name
        return None

    def _why_gone(self, track: Track, opened_ms: int) -> Withdrawal:
        spell = next((s for s in track.spells.values() if s.opened_ms <= opened_ms < s.cleared_ms), None)
        spell = spell or track.spells.get(opened_ms)
        for name, (first, end) in self._over(track.key, spell) if spell else ():
            if first <= opened_ms < end:
                return Withdrawal("suppressed", name)
        return Withdrawal()

    # Silences

    def _silenced_by(self, course: Course, life: Interval) -> str | None:
        opened_ms, cleared_ms = life
        at_ms = max(self.now_ms, opened_ms) if cleared_ms == FOREVER_MS else cleared_ms - 1
        for silence in self._silences:
            if silence.is_in_force(at_ms) and self._fits(silence, course.first.event, course.first.chain):
                return silence.id
        return None

    def _fits(self, silence: Silence, event: EventFields, chain: tuple[str, ...]) -> bool:
        return silence.matches.fits(event["rule"], event["kind"], event["area"], chain)

    def _may_be_silenced(self, event: EventFields) -> bool:
        chain = chain_of(event["subject"], self._find_device)
        return any(self._fits(silence, event, chain) for silence in self._silences)

    def _silenced_keys(self, silence: Silence) -> set[Key]:
        """The tracks with events that a silence is about; events that passed so far get one."""
        for key, value in list(self._passing.items()):
            if self._fits(silence, orjson.loads(value), chain_of(key[1], self._find_device)):
                self._adopt(key)
        return {
            key
            for key, track in self._tracks.items()
            if any(self._fits(silence, spell.event, spell.chain) for spell in track.spells.values())
        }

    def _refresh_silences(self) -> None:
        since_ms = self.now_ms - self._lateness_ms()
        self._silences = [silence for silence in self._all_silences if silence.ends_at_ms > since_ms]

    # Settling

    def _lateness_ms(self) -> int:
        return max((rule.lateness_ms for rule in self._rules.values()), default=DEFAULT_LATENESS_MS) or 1

    def _settle(self, tracks: Iterable[Track], at_ms: int) -> None:
        """Nothing that comes later changes these up to that instant."""
        if at_ms == NEVER_MS:
            return
        decided = [
            (track, view, self._created(track, view), self._courses(track, view))
            for track in tracks
            for view in self._views(track)
        ]
        for track, view, created, courses in decided:
            track.settle(at_ms, view, created, courses)
        for track in {id(track): track for track, *_ in decided}.values():
            if track.key[0] in self._relations.groups:
                spans = (t for t, spell in track.spells.items() if t <= at_ms < spell.cleared_ms)
                track.began_ms = next(spans, None)
            track.settled_ms = max(track.settled_ms, at_ms)
            self._changed.add(track.key)

    def _prune(self, at_ms: int) -> None:
        """Settle everything at an instant that no late data can reach any more, and forget what is over."""
        self._pruned_ms = at_ms
        self._settle(self._tracks.values(), at_ms)
        for key, track in list(self._tracks.items()):
            rule = self._relations.rules.get(key[0])
            courses = [course for view in self._views(track) for course in self._courses(track, view)]
            track.forget(at_ms, rule.flapping if rule else None, courses)
            if track.is_empty:
                del self._tracks[key]
        self._place_again()
        for track in self._tracks.values():
            self._follow(track)
        self._refresh_silences()


def _footprint(name: str, relations: Relations) -> object:
    """What of the rules decides about one rule's events."""
    rule = relations.rules.get(name)
    own = (rule.version, rule.text, rule.mode) if rule else None
    return own, relations.suppressors_of(name), relations.absorbers_of(name), relations.hold_ms(name)


def _lives_on(old: Relations, new: Relations, name: str) -> bool:
    """Whether a group's open events go on under the rule that now has its name."""
    before, after = old.groups.get(name), new.groups.get(name)
    if before is None or after is None:
        return False
    return before.by == after.by and old.rules[name].mode is new.rules[name].mode


def _reason_gone(name: str, rules: dict[str, Rule]) -> str:
    rule = rules.get(name)
    if rule is None:
        return "rule_removed"
    return "not_applicable" if rule.mode is Mode.LIVE else f"rule_{rule.mode.value}"
