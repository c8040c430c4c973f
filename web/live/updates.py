"""Changes of events and cases, numbered in one sequence as they came from the log."""

from dataclasses import dataclass

from cases.workflow.case import Case
from domain.events import Event


@dataclass(frozen=True, slots=True)
class CaseUpdate:
    """A case after one step, as a record of `city.cases` holds it; `sequence` grows by one with each change of anything."""

    sequence: int
    transition: str
    case: Case


@dataclass(frozen=True, slots=True)
class EventUpdate:
    """An event as a record of `city.events` holds it; `sequence` grows by one with each."""

    sequence: int
    event: Event
