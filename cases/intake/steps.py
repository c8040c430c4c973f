"""What an event can ask for, as values: decided without a database, carried out in one transaction."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cases.workflow.performing import Act
from cases.workflow.report import Report
from domain.events import Event

NEW: Final = UUID(int=0)
"""Stands for the case that an `OpenCase` before it opens; the real id is drawn as the case is stored."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the event back until then, epoch ms."""

    event: Event
    until_ms: int


@dataclass(frozen=True, slots=True)
class AwaitGroup:
    """Keep the event until its group's is known, or until then, epoch ms."""

    event: Event
    until_ms: int


@dataclass(frozen=True, slots=True)
class LetGo:
    """Hold the event back no longer."""

    event_id: UUID


@dataclass(frozen=True, slots=True)
class Forget:
    """The event awaits its group no longer."""

    event_id: UUID


@dataclass(frozen=True, slots=True)
class Rest:
    """Remember that an event which waited is over."""

    event: Event


@dataclass(frozen=True, slots=True)
class OpenCase:
    """Store a new case of the report, and take the steps with it that need nobody. Later steps name it NEW."""

    report: Report


@dataclass(frozen=True, slots=True)
class Perform:
    """Perform the act on the case."""

    case_id: UUID
    act: Act


@dataclass(frozen=True, slots=True)
class DispatchByPolicy:
    """Dispatch the case, which is filed, to where a rule of the policy sends it, if one does."""

    case_id: UUID


@dataclass(frozen=True, slots=True)
class MoveEvent:
    """Let the event belong to another case from now on."""

    event_id: UUID
    case_id: UUID


Step = Hold | AwaitGroup | LetGo | Forget | Rest | OpenCase | Perform | DispatchByPolicy | MoveEvent
