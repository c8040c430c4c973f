"""The correlation stage itself: raised events, clocks, rules and silences in, events for people out.

    raised event ─▶ suppression ─▶ flapping ─▶ history ─┬─▶ published
                                                        └─▶ group ─▶ raised event of the group ─▶ ...
It never reads a clock. The same inputs in the same order give the same outputs, wherever a snapshot is taken between.
"""

from collections import deque
from collections.abc import Collection, Iterable
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

import orjson

from domain.events import Transition
from domain.hierarchy import FindDevice, parent_chain
from domain.time.units import HOUR_MS
from rules.correlation.composing import compose_group
from rules.correlation.event_history import (
    FOREVER_MS,
    NEVER_MS,
    TO_PEOPLE,
    Decision,
    EventFields,
    OpeningRole,
    RuleSubject,
    read_event,
)
from rules.correlation.grouping import are_enough
from rules.correlation.reconcile import SubjectReconciler
from rules.correlation.redefinition import end_group, footprint, lives_on, reason_gone
from rules.correlation.relations import Relations
from rules.correlation.settling import settle, settle_and_forget
from rules.correlation.silencing import SilencesInSight, fits
from rules.correlation.state import CorrelationState
from rules.correlation.subject_state import SubjectState
from rules.definitions.silences import Silence
from rules.language.rule import DEFAULT_LATENESS_MS, Mode, Rule

SETTLE_EVERY_MS: Final = HOUR_MS
"""How often what no late data can reach any more is settled and forgotten, in time of the clock."""


class Output(NamedTuple):
    """One thing to publish: what happened to an event, and the event as it stands after it. In shadow it reaches nobody."""

    transition: Transition
    event: EventFields
    value: bytes
    clock_ms: int
    in_shadow: bool = False


class Stage:
    """The one place where events meet. Feed it in the order of the log; take outputs and changed state together."""

    def __init__(self, partitions: int, find_device: FindDevice, settle_every_ms: int = SETTLE_EVERY_MS) -> None:
        self.outputs: list[Output] = []
        self._partitions = partitions
        self._known = CorrelationState(find_device)
        self._silences = SilencesInSight()
        self._reconciler = SubjectReconciler(self._known, self._silences)
        self._settle_every_ms = settle_every_ms
        self._clocks: dict[int, int] = {}
        self._pruned_ms = NEVER_MS
        self._rules: dict[str, Rule] = {}
        self._passing: dict[RuleSubject, bytes] = {}
        self._wakes: list[tuple[int, RuleSubject]] = []
        self._changed: set[RuleSubject] = set()

    @property
    def now_ms(self) -> int:
        """What all partitions have come to."""
        return self._known.now_ms

    # Inputs

    def raised(self, transition: Transition, value: bytes, clock_ms: int) -> None:
        """Take an event as a device rule raised it. Raises: ValueError where it is none; then nothing has changed."""
        event = read_event(value)
        key = (event["rule"], event["subject"])
        state = self._known.subject_states.get(key)
        if event["historical"]:
            self.outputs.append(Output(transition, event, value, clock_ms))
            return
        if state is None and not self._concerns(event):
            self._pass_on(transition, key, event, value, clock_ms)
            return
        self._changed.add(key)
        if state is None:
            state = self._adopt(key)
        opened_ms = event["opened_at_ms"]
        if transition is Transition.WITHDRAWN:
            if (raised := state.raised_events.pop(opened_ms, None)) is not None:
                self._touch([key], clock_ms, [(group, subject) for group, subject in raised.groups.items()])
                return
        elif (raised := state.raised_events.get(opened_ms)) is not None:
            raised.event = event
        else:
            self._known.add_raised_event(state, event)
        self._touch([key], clock_ms)

    def clock(self, partition: int, now_ms: int) -> None:
        """Take a partition's clock; what has come to pass in all of them is settled. Raises: ValueError for none."""
        if not 0 <= partition < self._partitions:
            raise ValueError(f"there is no partition {partition}")
        self._clocks[partition] = max(now_ms, self._clocks.get(partition, now_ms))
        if len(self._clocks) < self._partitions:
            return
        before_ms = self.now_ms
        self._known.now_ms = max(before_ms, min(self._clocks.values()))
        if self.now_ms == before_ms:
            return
        due: set[RuleSubject] = set()
        while self._wakes and self._wakes[0][0] <= self.now_ms:
            wake_ms, key = heappop(self._wakes)
            state = self._known.subject_states.get(key)
            if state is not None and state.wake_ms == wake_ms:
                due.add(key)
        if self._pruned_ms == NEVER_MS:
            self._pruned_ms = before_ms if before_ms != NEVER_MS else self.now_ms - self._lateness_ms()
        for silence in self._silences.begun_or_ended(before_ms, self.now_ms):
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
            if footprint(name, self._known.relations) != footprint(name, relations)
        }
        touched = [state for state in self._known.subject_states.values() if state.key[0] in changed]
        self._changed |= settle(self._known, touched, self.now_ms)
        replaced = {
            name for name in self._known.relations.groups if not lives_on(self._known.relations, relations, name)
        }
        begun = {name for name in relations.groups if name in replaced or name not in self._known.relations.groups}
        self._end_groups(replaced, new)
        self._rules, self._known.relations = new, relations
        for key in [key for key in self._passing if key[0] in relations.takes_part]:
            self._adopt(key)
        self._changed |= self._known.place_again(replaced)
        for key in sorted(key for key in self._known.members if key[0] in begun):
            self._begin_group(key)
        self._touch(set(self._known.subject_states) | set(self._known.members), self.now_ms)

    def set_silences(self, silences: Iterable[Silence]) -> None:
        """Mark events by these silences from now on."""
        due: set[RuleSubject] = set()
        for silence in self._silences.replace(silences, self.now_ms - self._lateness_ms()):
            due |= self._silenced_keys(silence)
        self._touch(due, self.now_ms)

    # State

    def take(self) -> tuple[list[Output], dict[RuleSubject, bytes | None]]:
        """The outputs in order and the state of what changed since the last call, None where nothing is left of it."""
        outputs, self.outputs = self.outputs, []
        states = {key: self._state_of(key) for key in sorted(self._changed)}
        self._changed.clear()
        return outputs, states

    def known(self) -> int:
        """On how many subjects of rules anything is known, or open."""
        return len(self._known.subject_states) + len(self._passing)

    def snapshot(self) -> dict[str, Any]:
        """The stage's own state beside that of rules on subjects, as JSON; rules and silences are the caller's."""
        return {"now": self.now_ms, "pruned": self._pruned_ms, "clocks": sorted(self._clocks.items())}

    def restore(
        self, snapshot: dict[str, Any], rules: Iterable[Rule], silences: Iterable[Silence], until_ms: int = FOREVER_MS
    ) -> None:
        """Be as at the snapshot, under the rules and silences of that time; call `adopt_state` before it.

        What was settled after `until_ms` was settled by a clock that ran ahead, and is open again from there on.
        """
        self._known.now_ms, self._pruned_ms = min(snapshot["now"], until_ms), min(snapshot["pruned"], until_ms)
        self._clocks = {partition: min(now_ms, until_ms) for partition, now_ms in snapshot["clocks"]}
        self._rules = {rule.name: rule for rule in rules}
        self._known.relations = Relations(self._rules.values())
        self._silences.replace(silences, self.now_ms - self._lateness_ms())
        self._turn_back(until_ms)
        for state in self._known.subject_states.values():
            for raised in state.raised_events.values():
                self._known.index(state.key, raised)
        for state in self._known.subject_states.values():
            self._follow(state)

    def _turn_back(self, until_ms: int) -> None:
        for key, state in self._known.subject_states.items():
            if not state.turn_back(until_ms):
                continue
            self._changed.add(key)
            if key[0] not in self._known.relations.groups:
                for event in state.open_and_forgotten():
                    self._take_as_published(state, event)

    def adopt_state(self, key: RuleSubject, value: bytes) -> None:
        """Take in what `take` returned for a rule on a subject."""
        snapshot: dict[str, Any] = orjson.loads(value)
        if "spells" in snapshot:
            self._known.subject_states[key] = SubjectState.restored(key, snapshot)
        else:
            self._passing[key] = value

    def _state_of(self, key: RuleSubject) -> bytes | None:
        state = self._known.subject_states.get(key)
        return orjson.dumps(state.snapshot()) if state is not None else self._passing.get(key)

    # Events that take part in nothing

    def _concerns(self, event: EventFields) -> bool:
        return event["rule"] in self._known.relations.takes_part or (
            bool(self._silences)
            and self._silences.may_mark(event, parent_chain(event["subject"], self._known.find_device))
        )

    def _pass_on(
        self, transition: Transition, key: RuleSubject, event: EventFields, value: bytes, clock_ms: int
    ) -> None:
        if event["status"] == "open":
            self._passing[key] = value
            self._changed.add(key)
        elif self._passing.pop(key, None) is not None:
            self._changed.add(key)
        self.outputs.append(Output(transition, event, value, clock_ms))

    def _adopt(self, key: RuleSubject) -> SubjectState:
        """A state for a rule on a subject; what passed before it and is open was published as it is."""
        state = self._known.subject_states[key] = SubjectState(key)
        self._changed.add(key)
        value = self._passing.pop(key, None)
        if value is not None:
            self._take_as_published(state, orjson.loads(value))
        return state

    def _take_as_published(self, state: SubjectState, event: EventFields) -> None:
        raised = self._known.add_raised_event(state, event)
        raised.decisions[TO_PEOPLE] = Decision(raised.opened_ms, created=True, role=OpeningRole.OWN)
        state.published[raised.opened_ms] = event

    # From raised events to histories

    def _touch(self, keys: Collection[RuleSubject], clock_ms: int, groups: Iterable[RuleSubject] = ()) -> None:
        """Derive these anew, and all that depends on them, until nothing changes; then publish."""
        work, seen = deque(dict.fromkeys([*sorted(keys, key=self._place_in_line), *groups])), set(keys)
        queued = set(work)
        while work:
            key = work.popleft()
            queued.discard(key)
            if key[0] in self._known.relations.groups and compose_group(self._known, key):
                self._changed.add(key)
            state = self._known.subject_states.get(key)
            if state is None:
                continue
            seen.add(key)
            if self._follow(state):
                found = sorted(self._known.dependents(state) - queued)
                work += found
                queued.update(found)
        for key in sorted(seen, key=self._place_in_line):
            if key in self._known.subject_states:
                self._publish(self._known.subject_states[key], clock_ms)

    def _place_in_line(self, key: RuleSubject) -> tuple[bool, RuleSubject]:
        """Groups after their members."""
        return key[0] in self._known.relations.groups, key

    def _follow(self, state: SubjectState) -> bool:
        """Derive a state's histories; whether what others see of it changed."""
        wake_ms = state.wake_ms
        changed = self._known.follow(state)
        if state.wake_ms not in (wake_ms, FOREVER_MS):
            heappush(self._wakes, (state.wake_ms, state.key))
        return changed

    # Groups

    def _begin_group(self, key: RuleSubject) -> None:
        """A group rule put in force over events that are open already: its event opens now, if they are enough."""
        group = self._known.relations.groups[key[0]]
        if self.now_ms == NEVER_MS:
            return
        for member in self._known.members[key]:
            self._follow(self._known.subject_states[member])
        state = self._known.subject_states.get(key) or SubjectState(key)
        state.settled_ms = self.now_ms
        members = self._known.members_of(key).open_at(self.now_ms, self.now_ms - group.within_ms)
        state.began_ms = self.now_ms if are_enough(members, group) else None
        self._known.subject_states[key] = state
        self._changed.add(key)

    def _end_groups(self, names: Collection[str], new: dict[str, Rule]) -> None:
        """Clear the open events of group rules that are gone, and let go of their members."""
        due = set()
        for key, state in self._known.subject_states.items():
            if key[0] not in names:
                continue
            end_group(state, self.now_ms, reason_gone(key[0], new))
            due.add(key)
        for name in names:
            due |= {member for key, members in self._known.members.items() if key[0] == name for member in members}
        self._touch(due, self.now_ms)

    # Publishing

    def _publish(self, state: SubjectState, clock_ms: int) -> None:
        rule = self._known.relations.rules.get(state.key[0])
        in_shadow = rule is not None and rule.mode is Mode.SHADOW
        for transition, event in self._reconciler.reconcile(state):
            self.outputs.append(Output(transition, event, orjson.dumps(event), clock_ms, in_shadow))
            self._changed.add(state.key)

    # Silences

    def _silenced_keys(self, silence: Silence) -> set[RuleSubject]:
        """The keys with events that a silence is about; events that passed so far get a state."""
        for key, value in list(self._passing.items()):
            if fits(silence, orjson.loads(value), parent_chain(key[1], self._known.find_device)):
                self._adopt(key)
        return {
            key
            for key, state in self._known.subject_states.items()
            if any(fits(silence, raised.event, raised.chain) for raised in state.raised_events.values())
        }

    # Settling

    def _lateness_ms(self) -> int:
        return max((rule.lateness_ms for rule in self._rules.values()), default=DEFAULT_LATENESS_MS) or 1

    def _prune(self, at_ms: int) -> None:
        """Settle what no late data can reach any more, and forget what is over."""
        self._pruned_ms = at_ms
        self._changed |= settle_and_forget(self._known, at_ms)
        for state in self._known.subject_states.values():
            self._follow(state)
        self._silences.narrow(self.now_ms - self._lateness_ms())
