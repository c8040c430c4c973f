"""The words of the matching: what goes in, what becomes of labels, and what events are."""

from dataclasses import dataclass
from enum import StrEnum

from domain.events import Event
from simulators.truth.labels import Label


class EventVerdict(StrEnum):
    """What an event is in the light of the truth."""

    RIGHT = "right"
    EXPLAINED = "explained"
    REPEATED = "repeated"
    FALSE = "false"
    WITHDRAWN = "withdrawn"


class LabelOutcome(StrEnum):
    """What became of a label: the first three if it asks for an event, the last two if it asks for none."""

    IN_TIME = "in time"
    LATE = "late"
    MISSED = "missed"
    OPEN = "open"
    QUIET = "quiet"
    DISTURBED = "disturbed"


@dataclass(frozen=True, slots=True)
class ScoredEvent:
    """An event at its last revision, and the clock when it was first published; None where that is not known."""

    event: Event
    published_ms: int | None = None

    @property
    def found_ms(self) -> int:
        """When people could know of it."""
        return self.event.opened_at_ms if self.published_ms is None else self.published_ms


@dataclass(frozen=True, slots=True)
class Window:
    """The scored time [from_ms, to_ms)."""

    from_ms: int
    to_ms: int

    def __post_init__(self) -> None:
        if self.from_ms >= self.to_ms:
            raise ValueError("the scored time is empty: it must begin before it ends")


@dataclass(frozen=True, slots=True)
class JudgedLabel:
    """A label and what became of it.

    Shape: `answers` are the events that answer it, first published first; of a disturbed one the events that disturb it.
    `standing` is the event of an earlier label that was still open when this one began, where that is all there is.
    """

    label: Label
    outcome: LabelOutcome
    answers: tuple[ScoredEvent, ...] = ()
    standing: ScoredEvent | None = None

    @property
    def is_counted(self) -> bool:
        """Whether it asks for an event and could be judged."""
        return self.outcome in (LabelOutcome.IN_TIME, LabelOutcome.LATE, LabelOutcome.MISSED)


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """An event and what it is; `label` is what it answers or what explains it, None if neither does."""

    scored: ScoredEvent
    verdict: EventVerdict
    label: Label | None = None

    @property
    def event(self) -> Event:
        return self.scored.event


@dataclass(frozen=True, slots=True)
class Matched:
    """All labels by start, and all events that opened in the window by opening."""

    window: Window
    labels: tuple[JudgedLabel, ...]
    events: tuple[JudgedEvent, ...]
