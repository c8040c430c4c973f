"""What the API of the cases takes and gives."""

from hashlib import sha256
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cases.attachments import Attachment
from cases.deadlines import DeadlineStatus
from cases.workflow.case import Case, Source, Term
from cases.workflow.report import Report
from cases.workflow.states import State
from domain.actors import Role
from domain.events import Severity, Text
from web.http.parameters import LATEST_MS, Page

Instant = Annotated[int, Field(ge=0, le=LATEST_MS)]


class Body(BaseModel):
    """What is sent: fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid")


class Title(Body):
    """A few words on what is wrong, in one language at least."""

    en: Annotated[str, Field(max_length=300)] = ""
    zh: Annotated[str, Field(max_length=300)] = ""

    @model_validator(mode="after")
    def _says_something(self) -> "Title":
        if not (self.en.strip() or self.zh.strip()):
            raise ValueError("say it in English or Chinese")
        return self


class NewReport(Body):
    """A problem that somebody reports. Time: `occurred_at_ms` is when it was seen, epoch ms; now if left out.

    `source` is who saw it; sensors report by themselves. Units: lon and lat, WGS 84 degrees.
    """

    source: Annotated[Source, Field(json_schema_extra={"enum": [one for one in Source if one is not Source.SENSOR]})]
    problem: Annotated[str, Field(min_length=1, max_length=64)]
    title: Title
    occurred_at_ms: Instant | None = None
    severity: Severity = Severity.MINOR
    description: Annotated[str, Field(max_length=4000)] = ""
    class_code: Annotated[str | None, Field(max_length=16)] = None
    component_code: Annotated[str | None, Field(max_length=32)] = None
    kind: Annotated[str | None, Field(max_length=64)] = None
    subject: Annotated[str | None, Field(max_length=128)] = None
    area: Annotated[str | None, Field(max_length=64)] = None
    address: Annotated[str, Field(max_length=500)] = ""
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None
    reporter: Annotated[str, Field(max_length=200)] = ""
    proposed_department: Annotated[str | None, Field(max_length=64)] = None

    @model_validator(mode="after")
    def _is_ones_own(self) -> "NewReport":
        if self.source is Source.SENSOR:
            raise ValueError("sensors report by their events; name another source")
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat come together")
        return self

    @property
    def fingerprint(self) -> str:
        """Equal where the same report was sent again: what was written, not what became of it."""
        return sha256(orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def report(self, now_ms: int) -> Report:
        """The report for the service; who is trusted, and the class of a problem without one, are for the policy."""
        return Report(
            **self.model_dump(exclude={"title", "occurred_at_ms"}),
            title=Text(en=self.title.en or self.title.zh, zh=self.title.zh or self.title.en),
            occurred_at_ms=now_ms if self.occurred_at_ms is None else self.occurred_at_ms,
        )


class NewTransition(Body):
    """What somebody does to a case. `into` is the id or number of the case to merge into."""

    transition: Annotated[str, Field(min_length=1, max_length=32)]
    note: Annotated[str, Field(max_length=4000)] = ""
    department: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    term: Term | None = None
    more: Term | None = None
    into: Annotated[str | None, Field(min_length=1, max_length=36)] = None


class ListedCase(Case):
    """A case, and how its deadline stands now; `deadline_status` is null where no clock runs."""

    deadline_status: DeadlineStatus | None = None


class Step(BaseModel):
    """One step of a case, and how the case stood after it. Time: epoch ms."""

    revision: int
    transition: str
    actor: str
    at_ms: int
    note: str
    state: State
    department: str | None
    details: dict[str, Any]


class CaseDetail(ListedCase):
    """A case with everything that was done to it, oldest first, and its photos."""

    history: list[Step]
    attachments: list[Attachment]


class CaseListing(Page[ListedCase]):
    """One page of cases; `total` counts all pages, where it was asked for. Times are by `now_ms`."""

    now_ms: int
    total: int | None = None


class Proposal(BaseModel):
    """A department that the policy names for a case, and the term it would have."""

    department: str
    term: Term


class Choice(BaseModel):
    """One thing that the asker may do to a case now. `needs` are the fields it cannot do without."""

    transition: str
    title: Text
    to: State | None
    needs: list[str]
    by: list[Role]


class Choices(Page[Choice]):
    """What the asker may do, in the order of the workflow; `proposals` is whom the policy would dispatch it to."""

    revision: int
    proposals: list[Proposal]
