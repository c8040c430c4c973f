"""What the intake asks of the city's policy."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cases.workflow.case import Case, Source, Term
from domain.events import Event


class OnCleared(StrEnum):
    """What becomes of a case whose last event is over: nothing, somebody looks, or it is closed."""

    LEAVE = "leave"
    CHECK = "check"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who should handle a case, and how long they have. `automatic`: no dispatcher need decide."""

    department: str
    term: Term
    automatic: bool = False


class IntakePolicy(Protocol):
    """The city's rules for its cases. Pure."""

    def opens_case(self, event: Event) -> bool:
        """Whether an event asks for somebody at all."""

    def is_trusted(self, source: Source, problem: str) -> bool:
        """Whether a report of that source needs no verification."""

    def class_of(self, problem: str, component_code: str | None) -> str | None:
        """The component or event class of a problem, where the city's table knows one."""

    def on_cleared(self, case: Case) -> OnCleared:
        """What becomes of a case whose last event is over."""

    def assign(self, case: Case) -> Assignment | None:
        """Who should handle it; None where a dispatcher must find out."""
