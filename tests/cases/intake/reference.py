"""What becomes of a story of tellings, by a slow reading of the rules that docs and docstrings give; no table, no index.

- An event belongs to one case for ever, and a case that is merged is the one that took it in.
- An open event that is part of a group's joins the case in which the group's stands; where nobody has heard of that yet, it
  waits. The news of the group fetch those that wait, with their cases where those wait for nothing else.
- One that replaces another, or tells of the same trouble at the same place, goes on with the case that is under way.
- One that is to be held waits until its hold is over. What is over meanwhile makes no case.
- A case whose last event is over is closed (the policy of these stories). One whose event is back is open again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.events import Event, Status

Outcome = frozenset[tuple[frozenset[tuple[int, bool]], bool]]
"""Every case that was not merged: its events by number, whether each is open, and whether the case has ended."""


@dataclass
class Kept:
    """A case: where and what, and the events in it, by number."""

    subject: str
    problem: str
    events: dict[int, Event] = field(default_factory=dict)
    ended: bool = False
    merged_into: "Kept | None" = None

    @property
    def last(self) -> "Kept":
        return self if self.merged_into is None else self.merged_into.last

    def is_over(self) -> bool:
        return not any(event.status is Status.OPEN for event in self.events.values())


class Reference:
    """Told one thing at a time. Subjects are paths; a group stands on a path above its members'."""

    def __init__(self) -> None:
        self.cases: list[Kept] = []
        self.seen: dict[int, Event] = {}
        self.held: dict[int, Event] = {}
        self.waiting: dict[int, Event] = {}
        self.home: dict[int, Kept] = {}

    def tell(self, event: Event) -> None:
        number = event.event_id.int
        if number in self.seen and self.seen[number].revision >= event.revision:
            return
        before = self.seen.get(number)
        self.seen[number] = event
        if number not in self.home:
            self._tell_of_a_new_one(event)
            return
        case = self.home[number].last
        if event.status is not Status.OPEN:
            self.waiting.pop(number, None)
            case.events[number] = event
            case.ended = case.ended or case.is_over()
            return
        if before is not None and before.status is not Status.OPEN:
            case.ended = False
        group = self._group_of(event)
        if event.absorbed_by is None or group is None:
            if event.absorbed_by is not None:
                self.waiting[number] = event
            else:
                self.waiting.pop(number, None)
            case.events[number] = event
        else:
            self._move(event, group)

    def release(self) -> None:
        """Much later: every hold and every wait is over."""
        due = [*self.held.values(), *self.waiting.values()]
        self.held.clear()
        self.waiting.clear()
        for event in due:
            if event.event_id.int not in self.home:
                self._begin(event)

    def outcome(self) -> Outcome:
        return frozenset(
            (frozenset((n, e.status is Status.OPEN) for n, e in case.events.items()), case.ended)
            for case in self.cases
            if case.merged_into is None
        )

    def _tell_of_a_new_one(self, event: Event) -> None:
        number = event.event_id.int
        if event.status is not Status.OPEN:
            self.held.pop(number, None)
            self.waiting.pop(number, None)
        elif event.absorbed_by is not None:
            self.held.pop(number, None)
            group = self._group_of(event)
            if group is None:
                self.waiting[number] = event
            else:
                self._enter(event, group)
                self._fetch(event, group)
        else:
            self.waiting.pop(number, None)
            if event.hold_ms and self._goes_on(event) is None:
                self.held[number] = event
            else:
                self._begin(event)

    def _begin(self, event: Event) -> None:
        self.held.pop(event.event_id.int, None)
        case = self._goes_on(event)
        if case is None:
            case = Kept(event.subject, event.problem)
            self.cases.append(case)
        self._enter(event, case)
        self._fetch(event, case)

    def _enter(self, event: Event, case: Kept) -> None:
        case.events[event.event_id.int] = event
        self.home.setdefault(event.event_id.int, case)

    def _fetch(self, group: Event, case: Kept) -> None:
        mine = [
            event
            for _, event in sorted(self.waiting.items())
            if event.absorbed_by == group.rule and is_above(group.subject, event.subject)
        ]
        for event in mine:
            if self.waiting.pop(event.event_id.int, None) is not None:
                if event.event_id.int in self.home:
                    self._move(event, case)
                else:
                    self._enter(event, case)
                self._fetch(event, case)

    def _move(self, event: Event, group: Kept) -> None:
        number = event.event_id.int
        case = self.home[number].last
        group.events[number] = event
        if case is group:
            return
        others = [one for n, one in case.events.items() if n != number and one.status is Status.OPEN]
        if case.ended or others:
            case.events[number] = event.model_copy(update={"status": Status.CLEARED})
            self.home[number] = group
        else:
            case.merged_into, case.ended = group, True
            group.events = {**case.events, **group.events}

    def _goes_on(self, event: Event) -> Kept | None:
        if event.replaces is not None and event.replaces.int in self.home:
            case = self.home[event.replaces.int].last
            case.ended = False
            return case
        return next(
            (c for c in self.cases if not c.ended and (c.subject, c.problem) == (event.subject, event.problem)), None
        )

    def _group_of(self, event: Event) -> Kept | None:
        for case in self.cases:
            if not case.ended and is_above(case.subject, event.subject):
                for number, one in case.events.items():
                    if (
                        one.rule == event.absorbed_by
                        and is_above(one.subject, event.subject)
                        and number != event.event_id.int
                    ):
                        return case
        return None


def is_above(subject: str, member: str) -> bool:
    return member == subject or member.startswith(f"{subject}/")


def reference(tellings: Iterable[Event]) -> Outcome:
    """What is left of these tellings in the end."""
    told = Reference()
    for event in tellings:
        told.tell(event)
    told.release()
    return told.outcome()
