"""From a history to the event that people read, and from a group's members to the group's own event."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.devices import Device
from domain.events import Severity, event_id
from rules.correlation.event_history import FOREVER_MS, EventFields, EventHistory, Interval, RuleSubject
from rules.correlation.grouping import GroupEvent
from rules.correlation.places import is_area
from rules.language.rule import Rule


def compose(
    key: RuleSubject, history: EventHistory, life: Interval, severity: str, marks: Mapping[str, Any]
) -> EventFields:
    """The event of a history as it stands by its life; `marks` are what other events and silences make of it."""
    raw = history.first.event
    opened_ms, cleared_ms = life
    is_open = cleared_ms == FOREVER_MS
    as_raised = opened_ms == raw["opened_at_ms"]
    return raw | {
        "event_id": (as_raised and raw["event_id"]) or str(event_id(*key, opened_ms)),
        "revision": raw["revision"] if as_raised else 1,
        "severity": severity,
        "status": "open" if is_open else "cleared",
        "stale": is_open and history.last.event["stale"],
        "opened_at_ms": opened_ms,
        "cleared_at_ms": None if is_open else cleared_ms,
        "reason": history.last.event["reason"] if not is_open else None,
        "replaces": raw["replaces"] if as_raised else None,
        "unstable": history.is_unstable,
        **marks,
    }  # fmt: skip


def escalated(rule: Rule, life: Interval, now_ms: int) -> str:
    """The severity of an event by its age; a step that comes as it clears does not count."""
    opened_ms, cleared_ms = life
    until_ms = cleared_ms if cleared_ms != FOREVER_MS else now_ms + 1
    steps = [step.severity for step in rule.escalate if opened_ms + step.after_ms < until_ms]
    severity: Severity = steps[-1] if steps else rule.severity
    return severity.value


def group_event(
    rule: Rule, subject: str, span: GroupEvent, place: Device | None, before: EventFields | None
) -> EventFields:
    """A group's event as the raised events of devices are, for one span. `before` is what it was at the last look."""
    event = _of_members(rule, subject, span.members, place) if span.members or before is None else before
    if before is not None:
        event = event | {name: before[name] for name in _OF_PLACE}
    return event | {
        "status": "open" if span.cleared_ms == FOREVER_MS else "cleared",
        "opened_at_ms": span.opened_ms,
        "cleared_at_ms": None if span.cleared_ms == FOREVER_MS else span.cleared_ms,
        "since_ms": event["since_ms"] if event["since_ms"] is not None else span.opened_ms,
    }


_OF_PLACE: Final = ("component_code", "department", "area", "lon", "lat")
"""What a group's event holds of its place, as that was when the event was first seen."""


def _of_members(rule: Rule, subject: str, members: Sequence[EventHistory], place: Device | None) -> EventFields:
    events = [member.first.event for member in members]
    places = len({event["subject"] for event in events})
    rules = ", ".join(sorted({event["rule"] for event in events}))
    return {
        "event_id": "", "revision": 1, "rule": rule.name, "rule_version": rule.version, "subject": subject,
        "kind": _alike(events, "kind") or (events[0]["kind"] if events else ""), "problem": rule.problem,
        "component_code": place.component_code if place else None, "severity": rule.severity.value, "status": "open",
        "stale": False, "since_ms": min((event["since_ms"] for event in events), default=None), "opened_at_ms": 0,
        "cleared_at_ms": None,
        "department": rule.department or (place.department if place else None) or _alike(events, "department"),
        "area": place.area if place else subject if rule.group and is_area(rule.group.by) else _alike(events, "area"),
        "lon": place.lon if place else None, "lat": place.lat if place else None, "evidence": [],
        "summary": {
            "en": f"{rule.title.en}: {places} of {rules} at {subject}",
            "zh": f"{rule.title.zh}：{subject} {places} 处 {rules}",
        },
        "reason": None, "replaces": None, "absorbed_by": None, "historical": False,
    }  # fmt: skip


def _alike(events: Sequence[EventFields], name: str) -> Any:
    """The value that all events share, None where they differ."""
    values = {event[name] for event in events}
    return values.pop() if len(values) == 1 else None
