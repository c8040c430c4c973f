"""Why no event of a rule is open for a device at an instant: the first thing that stands in the way, in words."""

from typing import Final

from domain.events import Event
from rules.explaining.absence.answers import Code, Reason, Situation, WhyNot, is_open_at
from rules.explaining.absence.published import about_open
from rules.explaining.absence.readings import of_trace
from rules.explaining.absence.registry import before_readings, where_parts
from rules.explaining.changes import changes_of
from rules.explaining.explanation import reading_line
from rules.explaining.phrases import WallClock
from rules.explaining.trace import Trace, trace_rule

_SHOWN: Final = 20
_REMARKS: Final = (Code.SHADOW, Code.NOT_IN_FORCE_YET)
"""What is worth saying but does not end the search."""


def why_not(asked: Situation, clock: WallClock) -> WhyNot:
    """Why no event is open then. Pure."""
    reasons = list(before_readings(asked, clock))
    event = next((event for event in asked.published if is_open_at(event, asked.at_ms)), None)
    if event is not None:
        reasons = [about_open(event, asked, clock)]
    if any(one.code not in _REMARKS for one in reasons):
        return _answer(asked, reasons, None, clock, event)
    assert asked.device is not None
    trace = trace_rule(asked.rule, asked.device, asked.calendars, asked.reports, asked.from_ms, asked.at_ms)
    reasons += of_trace(trace, asked, clock)
    return _answer(asked, reasons, trace, clock, event)


def _answer(
    asked: Situation, reasons: list[Reason], trace: Trace | None, clock: WallClock, event: Event | None
) -> WhyNot:
    last = next((s for s in reversed(trace.seen if trace else []) if s.parts), None)
    parts = last.parts if last else []
    if not parts and any(one.code is Code.WHERE for one in reasons):
        parts = where_parts(asked)
    return WhyNot(
        rule=asked.rule.name,
        version=asked.rule.version,
        device=asked.device_id,
        at_ms=asked.at_ms,
        reasons=reasons,
        parts=parts,
        readings=[reading_line(seen) for seen in (trace.seen[-_SHOWN:] if trace else [])],
        changes=changes_of(trace, clock)[-_SHOWN:] if trace else [],
        event=event,
    )
