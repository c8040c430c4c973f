"""Flapping: of too many openings one unstable event."""

from collections.abc import Iterable

from rules.correlation.event_history import FOREVER_MS, EventHistory, OpeningRole
from rules.language.rule import Flapping


def join_flapping(histories: Iterable[EventHistory], flapping: Flapping, view: str) -> list[EventHistory]:
    """The histories (by opening) with those of an unstable subject joined.

    The opening that is one too many within the window (both ends included) starts an unstable event. Later ones join it
    until there was none for a whole window and the condition is clear.
    """
    joined: list[EventHistory] = []
    openings: list[int] = []
    for history in histories:
        opened_ms = history.opened_ms
        role = history.first.decision(view).role
        openings.append(opened_ms)
        current = joined[-1] if joined and joined[-1].role is OpeningRole.UNSTABLE else None
        if current is not None and (role is OpeningRole.JOINED or (role is None and opened_ms <= current.cleared_ms)):
            joined[-1] = current._replace(last=history.last, cleared_ms=_end(history, flapping))
        elif role is OpeningRole.UNSTABLE or (role is None and _is_one_too_many(openings, flapping)):
            joined.append(history._replace(role=OpeningRole.UNSTABLE, cleared_ms=_end(history, flapping)))
        else:
            joined.append(history)
    return joined


def _is_one_too_many(openings: list[int], flapping: Flapping) -> bool:
    earlier = len(openings) - 1 - flapping.more_than
    return earlier >= 0 and openings[-1] - openings[earlier] <= flapping.within_ms


def _end(history: EventHistory, flapping: Flapping) -> int:
    if history.cleared_ms == FOREVER_MS:
        return FOREVER_MS
    return max(history.cleared_ms, history.opened_ms + flapping.within_ms)
