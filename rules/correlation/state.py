"""What the correlation stage knows: a state for each rule and subject, and how they relate to one another."""

from collections.abc import Collection, Mapping

from domain.hierarchy import FindDevice, parent_chain
from rules.correlation.event_history import (
    NEVER_MS,
    TO_PEOPLE,
    EventFields,
    EventHistory,
    Interval,
    RaisedEvent,
    RuleSubject,
)
from rules.correlation.group_members import GroupMembers
from rules.correlation.grouping import group_subject
from rules.correlation.relations import Relations
from rules.correlation.subject_state import Created, SubjectState, histories_of
from rules.correlation.suppression import acted_on_from, created_at


class CorrelationState:
    """The states of rules on subjects and their relations at the instant `now_ms`, derived from nothing but themselves.

    `members` are the keys that count for a group, `group_members` their histories, `under` those that something on a
    subject may suppress.
    """

    def __init__(self, find_device: FindDevice) -> None:
        self.find_device = find_device
        self.relations = Relations()
        self.subject_states: dict[RuleSubject, SubjectState] = {}
        self.now_ms = NEVER_MS
        self.members: dict[RuleSubject, set[RuleSubject]] = {}
        self.group_members: dict[RuleSubject, GroupMembers] = {}
        self.under: dict[str, set[RuleSubject]] = {}

    def add_raised_event(self, state: SubjectState, event: EventFields, patience_ms: int | None = None) -> RaisedEvent:
        name, subject = state.key
        device = self.find_device(subject)
        groups = {}
        for group in self.relations.groups_of.get(name, ()):
            if (of := group_subject(self.relations.groups[group].by, device)) is not None:
                groups[group] = of
        if patience_ms is None:
            rule = self.relations.rules.get(name)
            patience_ms = (device.report_interval_s * 1000 if device else 0) + (rule.clear_for_ms if rule else 0)
        raised = RaisedEvent(event, parent_chain(subject, self.find_device), groups, patience_ms)
        state.raised_events[raised.opened_ms] = raised
        self.index(state.key, raised)
        return raised

    def index(self, key: RuleSubject, raised: RaisedEvent) -> None:
        for group, subject in raised.groups.items():
            self.members.setdefault((group, subject), set()).add(key)
        if self.relations.suppressors_of(key[0]):
            for subject in raised.chain:
                self.under.setdefault(subject, set()).add(key)

    def place_again(self, anew: Collection[str] = ()) -> set[RuleSubject]:
        """Put every raised event in the groups of the rules as they are now; the keys of those that were placed otherwise.

        What it counted for already stays, but for the groups `anew`.
        """
        moved: set[RuleSubject] = set()
        self.members.clear()
        self.under.clear()
        self.group_members = {
            key: members for key, members in self.group_members.items() if key[0] in self.relations.groups and members
        }
        for key, state in sorted(self.subject_states.items()):
            device = self.find_device(key[1])
            for raised in state.raised_events.values():
                groups = {}
                for name in self.relations.groups_of.get(key[0], ()):
                    before = None if name in anew else raised.groups.get(name)
                    subject = before or group_subject(self.relations.groups[name].by, device)
                    if subject is not None:
                        groups[name] = subject
                if groups != raised.groups:
                    moved.add(key)
                raised.groups = groups
                self.index(key, raised)
        return moved

    def dependents(self, state: SubjectState) -> set[RuleSubject]:
        """Whose events this state's decide about: those it suppresses, its groups, and those it absorbs."""
        name, subject = state.key
        found = {group for raised in state.raised_events.values() for group in raised.groups.items()}
        if children := self.relations.children_of.get(name):
            found |= {key for key in self.under.get(subject, ()) if key[0] in children}
        if name in self.relations.groups and self.relations.groups[name].absorbs:
            found |= self.members.get(state.key, set())
        found.discard(state.key)
        return found

    def created(self, state: SubjectState, view: str = TO_PEOPLE) -> Created:
        """When each raised event comes to be an event for people; a release that is not acted on yet has not come."""
        return self._came(state, view)[0]

    def releases(self, state: SubjectState) -> list[Interval]:
        """Those not acted on yet, in any view: when an event comes to be, and the clock from which that is acted on."""
        if not self.relations.suppressors_of(state.key[0]):
            return []
        return [release for view in self.views(state) for release in self._came(state, view)[1]]

    def histories(self, state: SubjectState, view: str = TO_PEOPLE) -> list[EventHistory]:
        return histories_of(
            self.created(state, view),
            state.raised_events,
            self.relations.rules.get(state.key[0]),
            view,
        )

    def _came(self, state: SubjectState, view: str) -> tuple[Created, list[Interval]]:
        name = state.key[0]
        if not self.relations.suppressors_of(name):
            return {opened_ms: created_at(raised, (), view) for opened_ms, raised in state.raised_events.items()}, []
        ignored = self.relations.ignored_by(view, name)
        created: dict[int, int | None] = {}
        releases: list[Interval] = []
        for opened_ms, raised in state.raised_events.items():
            over = [over for _, over in self.over(state.key, raised, ignored)]
            came_ms = created[opened_ms] = created_at(raised, over, view)
            if came_ms is not None and (from_ms := acted_on_from(raised, came_ms, view)) > self.now_ms:
                created[opened_ms] = None
                releases.append((came_ms, from_ms))
        return created, releases

    def follow(self, state: SubjectState) -> bool:
        """Derive a state's histories; whether what others see of it changed."""
        rule = self.relations.rules.get(state.key[0])
        views: dict[str, list[EventHistory]] = {}
        instants: list[int] = []
        for view in self.views(state):
            created, releases = self._came(state, view)
            views[view] = histories_of(created, state.raised_events, rule, view)
            instants += [from_ms for _, from_ms in releases]
        self._update_members(state, views)
        for step in rule.escalate if rule else ():
            instants += [history.opened_ms + step.after_ms for history in views[TO_PEOPLE]]
        is_unstable = any(history.is_unstable for history in views[TO_PEOPLE])
        minds_clock = is_unstable or self.relations.minds_clock(state.key[0])
        return state.follow(list(views.values()), self.now_ms, instants, minds_clock)

    def forget(self, state: SubjectState) -> None:
        self._update_members(state, {TO_PEOPLE: []})
        del self.subject_states[state.key]

    def _update_members(self, state: SubjectState, views: Mapping[str, list[EventHistory]]) -> None:
        """Put the histories among the members of the groups that they count for."""
        counted: dict[RuleSubject, list[EventHistory]] = {}
        for group in self.relations.groups_of.get(state.key[0], ()):
            for history in views.get(group, views[TO_PEOPLE]):
                if (subject := history.first.groups.get(group)) is not None:
                    counted.setdefault((group, subject), []).append(history)
        for key in state.counted_in | counted.keys():
            self.members_of(key).put(state.key, counted.get(key, ()))
        state.counted_in = frozenset(counted)

    def members_of(self, key: RuleSubject) -> GroupMembers:
        """The members of a group on a subject."""
        if (members := self.group_members.get(key)) is None:
            members = self.group_members[key] = GroupMembers()
        return members

    def views(self, state: SubjectState) -> list[str]:
        """Who sees the state's events differently: people, and the groups that count what they suppress themselves."""
        name = state.key[0]
        groups = self.relations.groups_of.get(name, ())
        return [TO_PEOPLE, *(group for group in groups if self.relations.ignored_by(group, name))]

    def over(self, key: RuleSubject, raised: RaisedEvent, ignoring: Collection[str] = ()) -> list[tuple[str, Interval]]:
        """What stands over a raised event at any time: the events of its suppressors on the subject and its parents."""
        return [
            (name, interval)
            for name in self.relations.suppressors_of(key[0])
            if name not in ignoring
            for subject in raised.chain
            if (name, subject) != key and (state := self.subject_states.get((name, subject))) is not None
            for interval in state.intervals
        ]
