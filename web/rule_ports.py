"""What the web needs of the rules: those in force, their life, calendars, silences, and what shadow rules would raise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.events import Severity, Text
from rules.rule import Mode
from rules.silences import Silence
from timeseries.ports import EventPage, EventQuery


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """A rule in force and its health: `problems` is empty where the rule is healthy.

    `errors` counts the failures of its conditions, `opened` the events it opened, both since its version was taken up and
    over all workers. `lacking` counts the devices that lack an attribute which it reads, by attribute: of these it judges
    nothing. `kind` is empty for a group.
    """

    rule: str
    version: int
    kind: str
    severity: Severity
    mode: str = "live"
    title: Text | None = None
    applied_at_ms: int | None = None
    author: str | None = None
    problems: tuple[str, ...] = ()
    note: str | None = None
    errors: int = 0
    opened: int = 0
    lacking: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PutInForce:
    """Who put a version in force, why and when; at a rollback not its author."""

    author: str
    note: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of a rule. `in_force` is None for all but the one that is."""

    rule: str
    version: int
    mode: Mode
    author: str
    note: str
    applied_at_ms: int
    text: str
    in_force: PutInForce | None = None


@dataclass(frozen=True, slots=True)
class CalendarStatus:
    """A calendar that rules may name."""

    calendar: str
    version: int
    title: Text
    author: str
    note: str
    applied_at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing wrong with a rule document. Line and column count from 1."""

    detail: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What a change did: what is in force now, or every problem and then nothing was changed."""

    applied: tuple[RuleStatus, ...] = ()
    problems: tuple[RuleProblem, ...] = ()
    calendars: tuple[CalendarStatus, ...] = field(default=())


class RuleBook(Protocol):
    """The rules in force; safe to use from many tasks of one event loop."""

    async def list_rules(self) -> Sequence[RuleStatus]:
        """All rules in force, by name."""

    async def apply(self, text: str, author: str, note: str = "") -> RuleChange:
        """Put a document (YAML) of rules and calendars in force. Idempotent: the same again changes nothing."""


class RuleLife(Protocol):
    """What becomes of a rule after it was applied; safe to use from many tasks of one event loop.

    All raise LookupError where there is no such rule or version.
    """

    async def versions(self, rule: str) -> Sequence[RuleVersion]:
        """Every version, oldest first."""

    async def roll_back(self, rule: str, version: int, author: str, note: str) -> RuleChange:
        """Put a version in force again, under its own number. Idempotent."""

    async def set_mode(self, rule: str, mode: Mode, author: str, note: str) -> RuleChange:
        """A new version with only the mode changed. Idempotent."""

    async def remove(self, rule: str, author: str) -> None:
        """Take it out of force; its open events clear. Raises: ValueError where other rules in force name it."""


class CalendarBook(Protocol):
    """The calendars."""

    async def list_calendars(self) -> Sequence[CalendarStatus]:
        """By name."""

    async def remove_calendar(self, name: str, author: str) -> None:
        """Raises: LookupError where there is none; ValueError where rules in force name it."""


class SilenceBook(Protocol):
    """The silences and maintenance windows."""

    async def list_silences(self) -> Sequence[Silence]:
        """All that were not taken back, by their beginning; those too that are over."""

    async def add(self, silence: Silence) -> None:
        """Put one in force. Raises: ValueError where there is one of that id."""

    async def end(self, silence_id: str) -> Silence:
        """End it now, by the clock of the data; one that has not begun is taken back. Raises: LookupError."""

    async def now_ms(self) -> int:
        """The clock of the data."""


class ShadowEvents(Protocol):
    """What rules in shadow would have raised."""

    async def fetch_events(self, query: EventQuery) -> EventPage:
        """As of `timeseries.ports.EventStore`, over what `rules.shadow` still holds."""


@dataclass(frozen=True, slots=True)
class RuleDesk:
    """Everything for those who look after rules."""

    life: RuleLife
    calendars: CalendarBook
    silences: SilenceBook
    shadow: ShadowEvents
