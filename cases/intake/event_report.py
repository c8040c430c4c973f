"""The report that an event makes of itself, cut to what a case can hold."""

from typing import Final

from cases.intake.ports import IntakePolicy
from cases.workflow.case import Attached, Source
from cases.workflow.report import Report
from domain.events import Event, Status

LONGEST_PROBLEM: Final = 64
LONGEST_SUBJECT: Final = 128
_LONGEST_AREA, _LONGEST_REPORTER, _LONGEST_CODE, _LONGEST_KIND, _LONGEST_DEPARTMENT = 64, 200, 32, 64, 64
"""Of a case; an event knows no bound, and what it has beyond stays with the event."""


def report_of(event: Event, policy: IntakePolicy) -> Report:
    """The report. Raises: ValueError (pydantic's) where no case can hold it, such as a place beyond the earth's."""
    return Report(
        source=Source.SENSOR,
        problem=event.problem[:LONGEST_PROBLEM],
        title=event.summary,
        severity=event.severity,
        class_code=policy.class_of(event.problem, event.component_code),
        component_code=_short(event.component_code, _LONGEST_CODE),
        kind=_short(event.kind, _LONGEST_KIND),
        subject=event.subject[:LONGEST_SUBJECT],
        area=_area_that_fits(event.area),
        lon=event.lon if event.lat is not None else None,
        lat=event.lat if event.lon is not None else None,
        reporter=event.rule[:_LONGEST_REPORTER],
        occurred_at_ms=max(event.since_ms, 0),
        proposed_department=_short(event.department, _LONGEST_DEPARTMENT),
        trusted=policy.is_trusted(Source.SENSOR, event.problem),
        events=(attached(event),),
    )


def attached(event: Event) -> Attached:
    """The event as a case keeps it."""
    return Attached(
        event_id=event.event_id,
        rule=event.rule,
        subject=event.subject,
        open=event.status is Status.OPEN,
        revision=event.revision,
    )


def _short(name: str | None, longest: int) -> str | None:
    """The name; None where it is too long, since a piece of it would name another."""
    return name if name is not None and len(name) <= longest else None


def _area_that_fits(path: str | None) -> str | None:
    """The area, or the nearest one above it whose path is short enough for a case."""
    while path is not None and len(path) > _LONGEST_AREA:
        path = path.rpartition("/")[0] or None
    return path
