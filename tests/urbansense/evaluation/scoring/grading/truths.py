"""Labels and events in few words, for tests of the scorer. Instants are whole minutes of one night."""

from typing import Any

from domain.events import Event, Severity, Status, Text, event_id
from domain.time.units import MINUTE_MS
from simulators.truth.labels import Label
from urbansense.evaluation.scoring.grading import ScoredEvent, Window

NIGHT_MS = 1_767_276_000_000
"""2026-01-01T14:00:00Z."""
NIGHT = Window(NIGHT_MS, NIGHT_MS + 600 * MINUTE_MS)


def at(minute: float) -> int:
    """The instant so many minutes into the night."""
    return NIGHT_MS + round(minute * MINUTE_MS)


def label(
    start: float,
    end: float,
    *,
    place: str = "L1",
    kind: str = "lamp-dead",
    expects: tuple[str, ...] = ("lamp-out",),
    by: float | None = None,
    **more: Any,
) -> Label:
    """A fault in minutes of the night; asks for `lamp-out` on its place within ten minutes unless told otherwise."""
    asking: dict[str, Any] = {}
    if expects:
        asking = {"expects": expects, "subjects": (place,), "by_ms": at(start + 10 if by is None else by)}
    name = f"{kind}/{place}/{start:g}"
    return Label(label=name, kind=kind, place=place, start_ms=at(start), end_ms=at(end), **{**asking, **more})


def decoy(start: float, end: float, *, place: str = "L1", kind: str = "traffic", **more: Any) -> Label:
    return label(start, end, place=place, kind=kind, expects=(), **more)


def told(
    opened: float,
    cleared: float | None = None,
    *,
    subject: str = "L1",
    rule: str = "lamp-out",
    problem: str | None = None,
    since: float | None = None,
    heard: float | None = None,
    withdrawn: bool = False,
    **more: Any,
) -> ScoredEvent:
    """An event in minutes of the night, since three minutes before its opening unless told otherwise."""
    status = Status.WITHDRAWN if withdrawn else Status.OPEN if cleared is None else Status.CLEARED
    fields: dict[str, Any] = {
        "event_id": event_id(rule, subject, at(opened)),
        "revision": 1,
        "rule": rule,
        "rule_version": 1,
        "subject": subject,
        "kind": "streetlight",
        "problem": problem or rule,
        "severity": Severity.MAJOR,
        "status": status,
        "since_ms": at(opened - 3 if since is None else since),
        "opened_at_ms": at(opened),
        "cleared_at_ms": None if cleared is None else at(cleared),
        "summary": Text(en="", zh=""),
    }
    return ScoredEvent(Event(**{**fields, **more}), None if heard is None else at(heard))
