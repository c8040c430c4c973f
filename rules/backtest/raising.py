"""Which events the live run missed, because what they rest on came too late, and how they come to the correlation stage.

A missed event goes onto `rules.raised` as the rules worker would have put it there, marked `historical`: it is kept and
shown like any other, and nobody is notified of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.events import Event, Status, Transition
from domain.topics import Topics
from rules.backtest.comparing import overlapping
from rules.engine.announcing import CLOCK_HEADER
from rules.language.rule import Rule
from streams.ports import Outgoing


@dataclass(frozen=True, slots=True)
class Missing:
    """`raised` are the missed events as they are now published; `not_raised` holds the others, each with the reason."""

    raised: tuple[Event, ...]
    not_raised: tuple[str, ...]


def missing_events(found: Sequence[Event], known: Sequence[Event], rules: Mapping[str, Rule]) -> Missing:
    """What of `found` (judged as if nothing had been late) is not among the `known` events.

    An event is never raised beside a known one of its rule and subject that was open at the same time: there is one
    event for one incident. One that is not over is left to the live rules, which alone could clear it.
    """
    by_id = {event.event_id for event in known}
    real = [event for event in known if event.status is not Status.WITHDRAWN]
    raised, not_raised = [], []
    for event in found:
        if event.event_id in by_id:
            continue
        if why := _why_not(event, real, rules):
            not_raised.append(f"{event.rule} on {event.subject}, event {event.event_id}: {why}")
        else:
            raised.append(
                event.model_copy(update={"revision": 2, "historical": True, "silenced_by": None, "hold_ms": 0})
            )
    return Missing(tuple(raised), tuple(not_raised))


def _why_not(event: Event, known: Iterable[Event], rules: Mapping[str, Rule]) -> str | None:
    twin = next(overlapping(event, known), None)
    if twin is not None:
        return f"the incident is known as event {twin.event_id}"
    if rules[event.rule].group is not None:
        return "a group's event is made of its members' only"
    if event.cleared_at_ms is None:
        return "it is not over; the rules in force will find it if it is so"
    return None


def raised_records(topics: Topics, events: Iterable[Event], clock_ms: int) -> list[Outgoing]:
    """The records of `rules.raised`: each event opened, then cleared."""
    records = []
    for event in events:
        opened = event.model_copy(
            update={"revision": event.revision - 1, "status": Status.OPEN, "cleared_at_ms": None, "reason": None}
        )
        for transition, revision in ((Transition.OPENED, opened), (Transition.CLEARED, event)):
            headers = (
                ("schema", b"event/1"),
                ("type", transition.value.encode()),
                (CLOCK_HEADER, str(clock_ms).encode()),
            )
            records.append(
                Outgoing(topics.rules_raised, event.subject.encode(), revision.model_dump_json().encode(), headers)
            )
    return records
