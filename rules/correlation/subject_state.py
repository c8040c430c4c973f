"""All that the correlation stage knows of one rule on one subject."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from rules.correlation.changes import PublishedEvents
from rules.correlation.event_history import (
    FOREVER_MS,
    NEVER_MS,
    Decision,
    EventFields,
    EventHistory,
    Interval,
    OpeningRole,
    RaisedEvent,
    RuleSubject,
)
from rules.correlation.flapping import join_flapping
from rules.language.rule import Flapping, Rule

Created = Mapping[int, int | None]
"""When each raised event, by its opening, comes to be an event for people; None: not as far as is known."""


class SubjectState:
    """The raised events of a rule on a subject, the histories that follow from them, and what was published.

    `raised_events` and `published` are by opening; those of a group are what its members made of it. What lies at or before
    `settled_ms` is decided; `began_ms` is the opening of the group's event that was open then. `intervals` and `histories`
    are derived, `counted_in` names the groups that count them, `wake_ms` is the next instant at which something here
    changes by the clock alone.
    """

    __slots__ = (
        "began_ms", "counted_in", "histories", "intervals", "key", "published", "raised_events", "settled_ms", "signature",
        "wake_ms",
    )  # fmt: skip

    def __init__(self, key: RuleSubject) -> None:
        self.key = key
        self.raised_events: dict[int, RaisedEvent] = {}
        self.published: PublishedEvents = {}
        self.settled_ms = NEVER_MS
        self.began_ms: int | None = None
        self.intervals: list[Interval] = []
        self.histories: list[EventHistory] = []
        self.counted_in: frozenset[RuleSubject] = frozenset()
        self.signature: object = None
        self.wake_ms = FOREVER_MS

    @property
    def is_empty(self) -> bool:
        return not self.raised_events and not self.published

    def is_published_open(self, opened_ms: int) -> bool:
        return opened_ms in self.published and self.published[opened_ms]["status"] == "open"

    def follow(
        self, views: Sequence[list[EventHistory]], now_ms: int, more_ms: Iterable[int], minds_clock: bool
    ) -> bool:
        """Take up histories newly derived; whether what others see of this state changed.

        Shape: `views` are the histories as people see them, then those in other views. `minds_clock`: something changes as
        the clock passes openings and ends; `more_ms` are further such instants.
        """
        self.histories = views[0]
        self.update_intervals()
        lives = [history[2:] for view in views for history in view]
        instants: list[int] = []
        if minds_clock:
            instants = [
                *chain.from_iterable(self.intervals),
                *(life[0] for life in lives),
                *(life[1] for life in lives),
            ]
        self.wake_ms = min([instant for instant in chain(instants, more_ms) if instant > now_ms], default=FOREVER_MS)
        signature = (self.intervals, lives, sum([instant <= now_ms for instant in instants]))
        changed, self.signature = signature != self.signature, signature
        return changed

    def update_intervals(self) -> None:
        """Bring `intervals` up to date with `raised_events`."""
        self.intervals = sorted([raised.interval for raised in self.raised_events.values()])

    def settle(self, at_ms: int, view: str, created: Created, histories: Sequence[EventHistory]) -> None:
        """Decide for good what came of every raised event up to an instant; `created` and `histories` are the view's."""
        starts = {id(history.first): history.role for history in histories}
        for opened_ms, raised in self.raised_events.items():
            came_ms = created[opened_ms]
            before = raised.decision(view)
            if came_ms is not None and came_ms <= at_ms:
                role = before.role or starts.get(id(raised), OpeningRole.JOINED)
                raised.decisions[view] = Decision(came_ms, created=True, role=role)
            elif opened_ms <= at_ms:
                raised.decisions[view] = Decision(max(before.from_ms, at_ms))

    def forget(self, at_ms: int, flapping: Flapping | None, histories: Iterable[EventHistory]) -> None:
        """Drop what can matter no more, everything up to an instant being settled. `histories` are those of all views."""
        needed = {id(raised) for history in histories if history.cleared_ms > at_ms for raised in history[:2]}
        since_ms = at_ms - (flapping.within_ms if flapping else 0)
        self.raised_events = {t: s for t, s in self.raised_events.items() if s.cleared_ms > since_ms or id(s) in needed}
        self.published = {t: event for t, event in self.published.items() if not _is_over(event, at_ms)}

    def turn_back(self, until_ms: int) -> bool:
        """Be settled no further than that; whether it was. What had come to be stays."""
        is_ahead = self.settled_ms > until_ms
        self.settled_ms = min(self.settled_ms, until_ms)
        for raised in self.raised_events.values():
            for view, decision in raised.decisions.items():
                if not decision.created and decision.from_ms > until_ms:
                    is_ahead = True
                    raised.decisions[view] = decision._replace(from_ms=max(until_ms, raised.opened_ms))
        return is_ahead

    def open_and_forgotten(self) -> list[EventFields]:
        """Events that are published as open and of which nothing else is known any more."""
        return [
            event for t, event in self.published.items() if event["status"] == "open" and t not in self.raised_events
        ]

    def snapshot(self) -> dict[str, Any]:
        """What `restored` needs, as JSON."""
        return {
            "spells": [raised.snapshot() for _, raised in sorted(self.raised_events.items())],
            "told": [event for _, event in sorted(self.published.items())],
            "settled": self.settled_ms,
            "began": self.began_ms,
        }

    @classmethod
    def restored(cls, key: RuleSubject, snapshot: dict[str, Any]) -> "SubjectState":
        state = cls(key)
        for raised_snapshot in snapshot["spells"]:
            raised = RaisedEvent.restored(raised_snapshot)
            state.raised_events[raised.opened_ms] = raised
        state.update_intervals()
        state.published = {event["opened_at_ms"]: event for event in snapshot["told"]}
        state.settled_ms, state.began_ms = snapshot["settled"], snapshot["began"]
        return state


def histories_of(
    created: Created, raised_events: dict[int, RaisedEvent], rule: Rule | None, view: str
) -> list[EventHistory]:
    """The histories of raised events that come to be at the instants in `created`, by opening.

    A rule that is not in force any more makes no new events of old raised ones.
    """
    histories = [
        EventHistory(raised, raised, came_ms, raised.cleared_ms)
        for opened_ms, raised in sorted(raised_events.items())
        if (came_ms := created[opened_ms]) is not None and (rule is not None or raised.decision(view).created)
    ]
    return join_flapping(histories, rule.flapping, view) if rule is not None and rule.flapping else histories


def _is_over(event: EventFields, at_ms: int) -> bool:
    match event["status"]:
        case "open":
            return False
        case "cleared":
            return bool(event["cleared_at_ms"] <= at_ms)
        case _:
            return bool(event["opened_at_ms"] <= at_ms)
