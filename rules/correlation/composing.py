"""From a history to the event that people read, and from a group's members to the group's own event."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.devices import Device
from domain.events import Severity, event_id
from rules.correlation.event_history import FOREVER_MS, NEVER_MS, EventFields, EventHistory, Interval, RuleSubject
from rules.correlation.grouping import GroupEvent, is_area
from rules.correlation.state import CorrelationState
from rules.correlation.subject_state import SubjectState
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


def compose_group(known: CorrelationState, key: RuleSubject) -> bool:
    """Bring a group's raised events up to date with its members; whether any of them is another now."""
    rule, group = known.relations.rules[key[0]], known.relations.groups[key[0]]
    state = known.subject_states.get(key)
    settled_ms, began_ms = (state.settled_ms, state.began_ms) if state else (NEVER_MS, None)
    members = known.members_of(key)
    spans = members.spans(group, settled_ms, began_ms)
    if spans is None or (state is None and not spans):
        return False
    if state is None:
        state = known.subject_states[key] = SubjectState(key)
    before = {t: (raised.event, raised) for t, raised in state.raised_events.items()}
    place = known.find_device(key[1]) if group.by == "parent" else None
    state.raised_events = {
        t: raised for t, raised in state.raised_events.items() if t != began_ms and raised.cleared_ms <= settled_ms
    }
    for span in spans:
        event_before, raised_before = before.get(span.opened_ms, (None, None))
        if raised_before is None and not span.members:
            span = span._replace(members=tuple(members.open_at(span.opened_ms)))
        event = _group_event(rule, key[1], span, place, event_before)
        if raised_before is None:
            patience_ms = max((member.first.patience_ms for member in span.members), default=0)
            known.add_raised_event(state, event, patience_ms)
        else:
            state.raised_events[span.opened_ms] = raised_before
            raised_before.event = event
    now = {t: raised.event for t, raised in state.raised_events.items()}
    return now != {t: event for t, (event, _) in before.items()}


def _group_event(
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
