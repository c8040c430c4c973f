"""Suppression: when an event comes to be beside those that stand over it."""

from collections.abc import Iterable, Sequence

from rules.correlation.event_history import FOREVER_MS, NEVER_MS, Interval, RaisedEvent


def created_at(raised: RaisedEvent, over: Sequence[Interval], view: str) -> int | None:
    """The instant at which the raised event becomes one for people: its own opening, or the end of what stood over it then.

    Shape: `over` in any order. None where it never does as far as is known: what is over it does not end, or the event
    ends first. One that ends at the very instant its suppressor does was never released.
    """
    at_ms, is_settled, _ = raised.decision(view)
    if is_settled:
        return at_ms
    for opened_ms, cleared_ms in sorted(over):
        if opened_ms <= at_ms < cleared_ms:
            at_ms = cleared_ms
    if at_ms == FOREVER_MS or (at_ms > raised.opened_ms and at_ms >= raised.cleared_ms):
        return None
    return at_ms


def acted_on_from(raised: RaisedEvent, came_ms: int, view: str) -> int:
    """The clock from which it is acted on that the raised event comes to be one at `came_ms`.

    A release waits for what the subject reports next: often, that it was over by then. Once its end is known, it need not.
    """
    if came_ms == raised.opened_ms or raised.cleared_ms != FOREVER_MS or raised.decision(view).created:
        return NEVER_MS
    return came_ms + raised.patience_ms


def is_absorbed(life: Interval, over: Iterable[Interval], now_ms: int) -> bool:
    """Whether an event stands under another now, or stood so when it cleared: under one that opened after it."""
    _, cleared_ms = life
    if cleared_ms == FOREVER_MS:
        return any(first <= now_ms < end for first, end in over)
    return any(first < cleared_ms <= end for first, end in over)
