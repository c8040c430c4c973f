"""A city-component event: what a rule found, from its opening to its end."""

from enum import StrEnum
from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from domain.cloud_events import EventType

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:urbansense:event")


class Severity(StrEnum):
    """How bad, worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"
    INFO = "info"


class Status(StrEnum):
    """Where an event stands. `withdrawn` means it should never have been, by data that came late."""

    OPEN = "open"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"


class Transition(StrEnum):
    """What happened by a record on `rules.raised` or `city.events`; the CloudEvent's type is built from it."""

    OPENED = "opened"
    ESCALATED = "escalated"
    AMENDED = "amended"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"

    @property
    def cloud_event_type(self) -> str:
        return str(EventType("event", self.value))


class Evidence(BaseModel):
    """One reading that an event rests on, in its canonical unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: str
    value: float | bool
    observed_at_ms: int


class Text(BaseModel):
    """One text in English and Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str


class Event(BaseModel):
    """One city-component event at one revision; the same in the API, on `rules.raised` and as the CloudEvent's data.

    Time: all instants are observed time, epoch ms. `since_ms` is the first reading of the run that opened it,
    `opened_at_ms` is exactly `since_ms` + the rule's `for`. `subject` is a device id, or a group's parent, area, grid or
    attribute value. `absorbed_by` names the rule whose event this one is part of, `silenced_by` the silence under which
    nobody is notified, `unstable` marks that its subject flaps; notification waits `hold_ms` for what may absorb it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: UUID
    revision: Annotated[int, Field(ge=1)]
    rule: str
    rule_version: Annotated[int, Field(ge=1)]
    subject: str
    kind: str
    problem: str
    component_code: str | None = None
    severity: Severity
    status: Status
    stale: bool = False
    since_ms: int
    opened_at_ms: int
    cleared_at_ms: int | None = None
    department: str | None = None
    area: str | None = None
    lon: float | None = None
    lat: float | None = None
    evidence: tuple[Evidence, ...] = ()
    summary: Text
    reason: str | None = None
    replaces: UUID | None = None
    absorbed_by: str | None = None
    historical: bool = False
    unstable: bool = False
    silenced_by: str | None = None
    hold_ms: Annotated[int, Field(ge=0)] = 0


def event_id(rule: str, subject: str, opened_at_ms: int) -> UUID:
    """The identity of an event: the same rule, subject and opening instant give the same id, on any machine."""
    return uuid5(_NAMESPACE, f"{rule}\n{subject}\n{opened_at_ms}")
