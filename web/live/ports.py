"""What the log says right now, and the changes it brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cases.workflow.case import Case
from domain.events import Event


@dataclass(frozen=True, slots=True)
class CaseUpdate:
    """A case after one step, as a record of `city.cases` told it; `sequence` grows by one with each change of anything."""

    sequence: int
    transition: str
    case: Case


@dataclass(frozen=True, slots=True)
class EventUpdate:
    """An event as a record of `city.events` told it; `sequence` grows by one with each."""

    sequence: int
    event: Event


class Live(Protocol):
    """What the log says right now; the methods are quick and only look at memory. `web.live.feed.LiveFeed` is one."""

    def now_ms(self) -> int | None:
        """The newest tick of the log's clock; None before the first."""

    def last_heard_ms(self) -> Mapping[str, int]:
        """The newest observed time by device, for devices heard since this process began to follow the log."""

    def changes_after(self, sequence: int) -> Sequence[EventUpdate]:
        """Event changes with a higher sequence, oldest first. Older ones than the feed remembers are left out."""

    def case_changes_after(self, sequence: int) -> Sequence[CaseUpdate]:
        """Changes of cases likewise; the two share one sequence."""
