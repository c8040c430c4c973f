"""A rule's events on a subject: as the device rules raised them, and the histories that people see of them."""

from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

FOREVER_MS: Final = 1 << 62
NEVER_MS: Final = -1
EventFields = dict[str, Any]
"""An event as on the log: the fields of domain.events.Event after JSON."""
RuleSubject = tuple[str, str]
"""A rule and a subject."""
TO_PEOPLE: Final = ""
Interval = tuple[int, int]
"""Open in [first, second); FOREVER_MS where the end is not known."""


_TYPES: Final = {
    "event_id": str, "rule": str, "subject": str, "kind": str, "severity": str, "status": str, "revision": int,
    "since_ms": int, "opened_at_ms": int, "historical": bool, "summary": dict,
}  # fmt: skip
_MAY_LACK: Final = {"cleared_at_ms": int, "area": str}


def read_event(value: bytes) -> EventFields:
    """The fields of an event on the log. Raises: ValueError where they are none that can be judged."""
    event: Any = orjson.loads(value)
    if not isinstance(event, dict):
        raise ValueError("an event is a JSON object")
    odd = [name for name, kind in _TYPES.items() if type(event.get(name)) is not kind]
    odd += [name for name, kind in _MAY_LACK.items() if not isinstance(event.get(name), kind | None)]
    if odd:
        raise ValueError(f"no event: {', '.join(odd)}")
    return event


class OpeningRole(StrEnum):
    """What an opening is to flapping: an event of its own, the start of an unstable one, or part of that."""

    OWN = "own"
    UNSTABLE = "unstable"
    JOINED = "joined"


class Decision(NamedTuple):
    """What is settled about a raised event: it came to be at `from_ms` for good if `created`, else it had not until then.

    `role` is None as long as it may change.
    """

    from_ms: int
    created: bool = False
    role: OpeningRole | None = None


class RaisedEvent:
    """One raised event that was not withdrawn, and what is settled about it.

    `chain` is the subject and its parents, nearest first; `groups` the subject it counts for in each group rule: both as
    the registry stood when the event was first seen. `patience_ms` is how long after an instant it may take until it is
    known that the condition was over by then. `decisions` are by view: TO_PEOPLE, or the name of a group that counts
    events which it suppresses itself.
    """

    __slots__ = ("chain", "decisions", "event", "groups", "patience_ms")

    def __init__(
        self, event: EventFields, chain: tuple[str, ...], groups: dict[str, str], patience_ms: int = 0
    ) -> None:
        self.event = event
        self.chain = chain
        self.groups = groups
        self.patience_ms = patience_ms
        self.decisions: dict[str, Decision] = {}

    @property
    def opened_ms(self) -> int:
        opened_ms: int = self.event["opened_at_ms"]
        return opened_ms

    @property
    def cleared_ms(self) -> int:
        """FOREVER_MS while it is open."""
        cleared_ms: int | None = self.event["cleared_at_ms"]
        return FOREVER_MS if cleared_ms is None else cleared_ms

    @property
    def interval(self) -> Interval:
        return self.opened_ms, self.cleared_ms

    def decision(self, view: str) -> Decision:
        return self.decisions.get(view) or Decision(self.opened_ms)

    def snapshot(self) -> list[Any]:
        """What `restored` needs, as JSON."""
        decisions = {view: [*decision] for view, decision in self.decisions.items()}
        return [self.event, self.chain, self.groups, decisions, self.patience_ms]

    @classmethod
    def restored(cls, snapshot: list[Any]) -> "RaisedEvent":
        event, chain, groups, decisions, *patience_ms = snapshot  # states of the first days have none
        raised = cls(event, tuple(chain), groups, *patience_ms)
        for view, (from_ms, created, role) in decisions.items():
            raised.decisions[view] = Decision(from_ms, created, role and OpeningRole(role))
        return raised


class EventHistory(NamedTuple):
    """An event as it comes to be of one raised event, or of several if the subject is unstable.

    `cleared_ms` is FOREVER_MS while it is open; `last` is the newest raised event in it.
    """

    first: RaisedEvent
    last: RaisedEvent
    opened_ms: int
    cleared_ms: int
    role: OpeningRole = OpeningRole.OWN

    @property
    def subject(self) -> str:
        subject: str = self.first.event["subject"]
        return subject

    @property
    def is_as_raised(self) -> bool:
        """Whether it opens when its device's rule raised it, and is nothing but that."""
        return self.opened_ms == self.first.opened_ms and not self.is_unstable

    @property
    def is_unstable(self) -> bool:
        return self.role is not OpeningRole.OWN

    def life_at(self, now_ms: int) -> Interval:
        """Opening and clearing as they stand at an instant: a clearing yet to come is none."""
        return self.opened_ms, self.cleared_ms if self.cleared_ms <= now_ms else FOREVER_MS
