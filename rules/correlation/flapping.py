"""Flapping: of too many openings one unstable event."""

from collections.abc import Iterable

from rules.correlation.event_history import FOREVER_MS, EventHistory, OpeningRole
from rules.language.rule import Flapping


def join_flapping(courses: Iterable[EventHistory], flapping: Flapping, view: str) -> list[EventHistory]:
    """The courses (by opening) with those of an unstable subject joined.

    The opening that is one too many within the window (both ends included) starts an unstable event. Later ones join it
    until there was none for a whole window and the condition is clear.
    """
    damped: list[EventHistory] = []
    openings: list[int] = []
    for course in courses:
        opened_ms = course.opened_ms
        role = course.first.decision(view).role
        openings.append(opened_ms)
        current = damped[-1] if damped and damped[-1].role is OpeningRole.UNSTABLE else None
        if current is not None and (role is OpeningRole.JOINED or (role is None and opened_ms <= current.cleared_ms)):
            damped[-1] = current._replace(last=course.last, cleared_ms=_end(course, flapping))
        elif role is OpeningRole.UNSTABLE or (role is None and _is_one_too_many(openings, flapping)):
            damped.append(course._replace(role=OpeningRole.UNSTABLE, cleared_ms=_end(course, flapping)))
        else:
            damped.append(course)
    return damped


def _is_one_too_many(openings: list[int], flapping: Flapping) -> bool:
    earlier = len(openings) - 1 - flapping.more_than
    return earlier >= 0 and openings[-1] - openings[earlier] <= flapping.within_ms


def _end(course: EventHistory, flapping: Flapping) -> int:
    if course.cleared_ms == FOREVER_MS:
        return FOREVER_MS
    return max(course.cleared_ms, course.opened_ms + flapping.within_ms)
