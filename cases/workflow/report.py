"""What somebody reports: a problem that is no case yet."""

from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cases.workflow.case import Attached, Source
from domain.events import Severity, Text


class Report(BaseModel):
    """A component problem or a city event, whoever saw it.

    Time: `occurred_at_ms` is when it began or was seen, epoch ms, by whoever reports. Units: lon and lat, WGS 84 degrees.
    `trusted` reports need no verification; only the platform sets it, never the one who reports.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    problem: Annotated[str, Field(min_length=1, max_length=64)]
    title: Text
    occurred_at_ms: Annotated[int, Field(ge=0)]
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
    trusted: bool = False
    events: tuple[Attached, ...] = ()
    hold_until_ms: int | None = None

    @model_validator(mode="after")
    def _has_a_whole_place(self) -> "Report":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat come together")
        return self

    @property
    def fingerprint(self) -> str:
        """Equal for two reports under one key that are the same, and for no others."""
        return sha256(self.model_dump_json().encode()).hexdigest()
