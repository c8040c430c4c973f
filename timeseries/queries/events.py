"""Which events are asked for, and a page of the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.events import Event, Severity, Status


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: those whose opened_at_ms is in [from_ms, to_ms) and that match every field given.

    `area` matches itself and everything below it. Newest first; `cursor` is what the last page returned.
    """

    from_ms: int | None = None
    to_ms: int | None = None
    area: str | None = None
    rule: str | None = None
    subject: str | None = None
    status: Status | None = None
    severity: Severity | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    items: Sequence[Event]
    next: str | None
