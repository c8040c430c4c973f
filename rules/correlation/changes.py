"""What must be published so that the published events of a rule on a subject agree with what is known."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from domain.events import Severity, Transition, event_id
from rules.correlation.event_history import EventFields, RuleSubject

_OWN: Final = ("revision", "rule_version", "replaces", "reason", "hold_ms")
"""What a revision has of its own: not by itself a reason to publish anything."""
_BADNESS: Final = {severity.value: -place for place, severity in enumerate(Severity)}

EventChange = tuple[Transition, EventFields]
PublishedEvents = dict[int, EventFields]
"""Events as they were last published, by opening."""


class Withdrawal(NamedTuple):
    """Why an event should never have been, and what it is part of instead."""

    reason: str | None = None
    absorbed_by: str | None = None


def difference(
    key: RuleSubject,
    published: PublishedEvents,
    wanted: Sequence[EventFields],
    settled_ms: int,
    why_gone: Callable[[int], Withdrawal],
) -> list[EventChange]:
    """The changes, which are put into `published`: withdrawals first, then by opening.

    Shape: `wanted` by opening. What cleared at or before `settled_ms` stands, wanted or not. An event that comes in the
    place of one just withdrawn replaces it.
    """
    openings = {event["opened_at_ms"] for event in wanted}
    changes: list[EventChange] = []
    left = [t for t, event in sorted(published.items()) if t not in openings and _may_change(event, settled_ms)]
    for opened_ms in left:
        why = why_gone(opened_ms)
        before = published[opened_ms]
        changes.append(
            (
                Transition.WITHDRAWN,
                _next(
                    before, status="withdrawn", stale=False, reason=why.reason,
                    absorbed_by=why.absorbed_by or before["absorbed_by"],
                ),
            )
        )  # fmt: skip
    replaced = iter(left)
    for event in wanted:
        before_it = published.get(event["opened_at_ms"])
        if before_it is None or before_it["status"] == "withdrawn":
            instead_of = next(replaced, None)
            changes += _opening(key, event, before_it, instead_of)
        else:
            changes += _change(event, before_it)
    for _, event in changes:
        published[event["opened_at_ms"]] = event
    return changes


def _may_change(event: EventFields, settled_ms: int) -> bool:
    return event["status"] == "open" or (event["status"] == "cleared" and bool(event["cleared_at_ms"] > settled_ms))


def _next(before: EventFields, **changes: Any) -> EventFields:
    return before | changes | {"revision": before["revision"] + 1}


def _opening(
    key: RuleSubject, event: EventFields, before: EventFields | None, instead_of: int | None
) -> list[EventChange]:
    opened = event | {"status": "open", "cleared_at_ms": None}
    if before is not None:
        opened["revision"] = before["revision"] + 1
    if instead_of is not None:
        opened["replaces"] = str(event_id(*key, instead_of))
    if event["status"] == "cleared":
        opened["reason"] = None
    return [(Transition.OPENED, opened), *_change(event, opened)]


def _change(event: EventFields, before: EventFields) -> list[EventChange]:
    now = event | {"replaces": before["replaces"]}
    if now | {name: before.get(name) for name in _OWN} == before:
        return []
    now["revision"] = before["revision"] + 1
    if before["status"] == "open" and now["status"] == "cleared":
        return [(Transition.CLEARED, now)]
    worse = _BADNESS[now["severity"]] > _BADNESS[before["severity"]]
    return [(Transition.ESCALATED if worse and now["status"] == "open" else Transition.AMENDED, now)]
