"""What a rule says of a subject: spells, as the device rules raised them, and the courses that events take after them."""

from enum import StrEnum
from typing import Any, Final, NamedTuple

FOREVER_MS: Final = 1 << 62
NEVER_MS: Final = -1
EventFields = dict[str, Any]
"""An event as on the log: the fields of domain.events.Event after JSON."""
Key = tuple[str, str]
"""A rule and a subject."""
Interval = tuple[int, int]
"""Open in [first, second); FOREVER_MS where the end is not known."""


class Role(StrEnum):
    """What an opening is to damping: an event of its own, the start of an unstable one, or part of that."""

    OWN = "own"
    UNSTABLE = "unstable"
    JOINED = "joined"


class Spell:
    """One raised event that was not withdrawn, and what is settled about it.

    `chain` is the subject and its parents, nearest first; `groups` the subject it counts for in each group rule: both as
    the registry stood when the event was first seen. Suppression is judged from `from_ms` on, unless `created` says that
    the event came to be at that instant for good. `role` is set once it cannot change any more.
    """

    __slots__ = ("chain", "created", "event", "from_ms", "groups", "role")

    def __init__(self, event: EventFields, chain: tuple[str, ...], groups: dict[str, str]) -> None:
        self.event = event
        self.chain = chain
        self.groups = groups
        self.from_ms: int = event["opened_at_ms"]
        self.created = False
        self.role: Role | None = None

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

    def snapshot(self) -> list[Any]:
        """What `restored` needs, as JSON."""
        return [self.event, self.chain, self.groups, self.from_ms, self.created, self.role]

    @classmethod
    def restored(cls, snapshot: list[Any]) -> "Spell":
        event, chain, groups, from_ms, created, role = snapshot
        spell = cls(event, tuple(chain), groups)
        spell.from_ms, spell.created, spell.role = from_ms, created, role and Role(role)
        return spell


class Course(NamedTuple):
    """An event as it comes to be of one spell, or of several if the subject is unstable.

    `cleared_ms` is FOREVER_MS while it is open; `last` is the newest spell in it.
    """

    first: Spell
    last: Spell
    opened_ms: int
    cleared_ms: int
    role: Role = Role.OWN

    @property
    def is_unstable(self) -> bool:
        return self.role is not Role.OWN

    def life_at(self, now_ms: int) -> Interval:
        """Opening and clearing as they stand at an instant: a clearing yet to come is none."""
        return self.opened_ms, self.cleared_ms if self.cleared_ms <= now_ms else FOREVER_MS
