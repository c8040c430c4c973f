"""A case as it stands: what was reported, who has it, and by when."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from cases.workflow.states import ENDED, State
from domain.events import Severity, Text


class Source(StrEnum):
    """Who reported. `sensor` is an event of a rule; the others come by the API."""

    SENSOR = "sensor"
    INSPECTOR = "inspector"
    HOTLINE = "hotline"
    VIDEO = "video"
    LEADERSHIP = "leadership"
    MEDIA = "media"
    OTHER_SYSTEM = "other_system"


class TermUnit(StrEnum):
    """In what a term counts: the clock, the hours in which offices work, or days of them."""

    HOUR = "hour"
    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"


class Term(BaseModel):
    """How long a department has: 4 working hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: TermUnit
    amount: Annotated[float, Field(gt=0, le=10_000)]


class Deadline(BaseModel):
    """By when the department must have handled a case.

    Time: epoch ms. `started_at_ms` is the dispatch that set the clock going. While the clock is stopped `left_ms` is what
    was left of the term, in the term's own kind of time, and `due_at_ms` what held before; while it runs `left_ms` is None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    term: Term
    started_at_ms: int
    due_at_ms: int
    left_ms: int | None = None


class Extension(BaseModel):
    """More time that the department asked for, until somebody decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    more: Term
    asked_at_ms: int
    note: str


class Attached(BaseModel):
    """An event that belongs to the case; `open` until it is cleared or withdrawn. `revision` is the newest known one's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: UUID
    rule: str
    subject: str
    open: bool = True
    revision: int = 1


class Case(BaseModel):
    """One case at one revision; the same in the API and as the data of `city.cases`.

    Time: epoch ms, by our clock; `occurred_at_ms` is when the problem began by whoever reported. `number` is what people
    call it. `problem` names what is wrong, `class_code` is the component or event class of the city's table, and
    `component_code` the component itself, where it is one. `trusted` reports need no verification. `department` has it
    since the last dispatch, `proposed_department` is who a rule or event thinks should. `resumes_to` is the state before a
    suspension. Counters: `dispatches`, `returns` by departments, `reworks` after a failed check, `urges`. No message goes
    out before `hold_until_ms`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    case_id: UUID
    number: str
    revision: Annotated[int, Field(ge=1)]
    state: State
    source: Source
    problem: str
    title: Text
    severity: Severity
    description: str = ""
    class_code: str | None = None
    component_code: str | None = None
    kind: str | None = None
    subject: str | None = None
    area: str | None = None
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    reporter: str = ""
    trusted: bool = False
    events: tuple[Attached, ...] = ()
    department: str | None = None
    proposed_department: str | None = None
    handler: str | None = None
    occurred_at_ms: int
    reported_at_ms: int
    filed_at_ms: int | None = None
    dispatched_at_ms: int | None = None
    handled_at_ms: int | None = None
    closed_at_ms: int | None = None
    deadline: Deadline | None = None
    extension: Extension | None = None
    extensions: Annotated[int, Field(ge=0)] = 0
    dispatches: Annotated[int, Field(ge=0)] = 0
    returns: Annotated[int, Field(ge=0)] = 0
    reworks: Annotated[int, Field(ge=0)] = 0
    urges: Annotated[int, Field(ge=0)] = 0
    resumes_to: State | None = None
    merged_into: UUID | None = None
    hold_until_ms: int | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def has_open_events(self) -> bool:
        return any(event.open for event in self.events)
