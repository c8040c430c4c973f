"""Rules, versions and calendars as the services answer with them."""

from dataclasses import dataclass, field

from domain.events import Severity, Text
from rules.language.rule import Mode


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
