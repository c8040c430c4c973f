"""What the web needs of the rules: those in force, their life, calendars, silences, and what shadow rules would raise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.events import Event
from rules.backtest import BacktestPlan, BacktestProgress, BacktestResult
from rules.backtest.preparing import BacktestRequest
from rules.definitions.silences import Silence
from rules.explaining import Explanation, WhyNot
from rules.language.rule import Mode
from rules.service.statuses import CalendarStatus, RuleChange, RuleStatus, RuleVersion
from timeseries.queries.events import EventPage, EventQuery


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


class RuleHistory(Protocol):
    """Safe to use from many tasks of one event loop, which none of it blocks for long."""

    async def prepare(self, request: BacktestRequest) -> BacktestPlan:
        """Raises: rules.definitions.UnknownRule, rules.problems.BadRules, ValueError with what is wrong."""

    async def backtest(
        self, request: BacktestRequest, plan: BacktestPlan, tell: Callable[[BacktestProgress], None]
    ) -> BacktestResult:
        """Run it; cancelling the call ends it. Raises: rules.backtest.NothingStored."""

    async def explain(self, event: Event) -> Explanation:
        """Why an event was raised. Raises: UnknownRule where the version that raised it is not known any more."""

    async def why_not(self, name: str, device_id: str, at_ms: int | None) -> WhyNot:
        """Why no event of a rule is open for a device, now if no instant is given. Raises: UnknownRule."""
