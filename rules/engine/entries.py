"""The reports kept of a device: short tuples, with the states after them only where anything is under way."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from domain.telemetry import message_order
from rules.engine.folding import Happening, RuleState, join_instant
from rules.engine.plans import Plan
from rules.language.signals.windows import Windows

States = tuple[RuleState, ...]
Values = tuple[Any, ...]
"""The values of the plan's quantities in a report: None where it holds none, BAD where it is marked bad, Suspect
around one that is suspect."""
Outcome = tuple[States, tuple[Happening, ...]]
"""The states after a report, and what happened by it."""
Changed = frozenset[str] | None
"""The quantities that a further report of an instant changed; None for the first."""
Fold = Callable[[States, int, Values, Changed], Outcome]
"""Folds one report onto states, given when the report before it was observed."""
MessageIds = str | tuple[str | None, ...] | None
"""The message id of the one report of an instant, or a tuple of those of several, in their order."""

MOST_OF_AN_INSTANT: Final = 16
"""How many messages of one instant are kept apart: a clock that stands still gives thousands."""

ReportEntry = tuple[int, Values, MessageIds] | tuple[int, Values, MessageIds, States, tuple[Happening, ...]]
"""(observed_at_ms, values, message id), and where anything is under way the states after it and what happened by it. Where
several reports share the instant, values holds the values of each of them, in step with their message ids. Plain tuples,
and short ones, because there is one for every report."""


def entry_of(
    plan: Plan, t: int, values: Values, ids: MessageIds, states: States, happenings: tuple[Happening, ...]
) -> ReportEntry:
    """The entry in its short form if nothing is under way; `states` is `plan.idle` itself then."""
    return (t, values, ids) if states is plan.idle and not happenings else (t, values, ids, states, happenings)


def outcome_of(plan: Plan, entry: ReportEntry) -> tuple[States, tuple[Happening, ...]]:
    """The states after an entry, and what happened by it."""
    return (entry[3], entry[4]) if len(entry) == 5 else (plan.idle, ())


def with_report(entry: ReportEntry, values: Values, message_id: str | None) -> tuple[Values, MessageIds] | None:
    """The values and ids of an entry with a further report of its instant; None where that adds nothing.

    Of one message the first value counts; further messages than MOST_OF_AN_INSTANT add nothing. Reports of
    several stand in the order of their ids, equal ones too: what comes between them later may differ.
    """
    known, ids = entry[1], entry[2]
    if ids == message_id:
        merged = _added(known, values)
        return None if merged == known else (merged, ids)
    if not isinstance(ids, tuple):
        known, ids = (known,), (ids,)
    if message_id in ids:
        at = ids.index(message_id)
        merged = _added(known[at], values)
        return None if merged == known[at] else ((*known[:at], merged, *known[at + 1 :]), ids)
    if len(ids) >= MOST_OF_AN_INSTANT:
        return None
    at = bisect_left(ids, message_order(message_id), key=message_order)
    return (*known[:at], values, *known[at:]), (*ids[:at], message_id, *ids[at:])


def steps_of(entry: ReportEntry) -> tuple[Values, ...]:
    """What is known of the instant after each of its reports, as far as a report changes that: later values replace."""
    if not isinstance(entry[2], tuple):
        return (entry[1],)
    first, *others = entry[1]
    steps = [first]
    for values in others:
        carried = tuple(old if new is None else new for old, new in zip(steps[-1], values, strict=True))
        if carried != steps[-1]:
            steps.append(carried)
    return tuple(steps)


def put_readings(windows: Windows, plan: Plan, entry: ReportEntry) -> None:
    """Put the readings of an entry into the windows; of several reports of the instant each that changes something."""
    if isinstance(entry[2], tuple):
        windows.replace(entry[0], plan.readings_of(steps_of(entry)))
        return
    for quantity, value, is_suspect in plan.usable(entry[1]):
        windows.put(entry[0], quantity, value, suspect=is_suspect)


def fold_entry(
    plan: Plan, windows: Windows | None, entry: ReportEntry, states: States, reported_ms: int, fold: Fold
) -> Outcome:
    """Fold the several reports of an instant, each onto the one before it; the windows hold no more than came by then.

    A rule judges the first of them, and of the others those that change what it reads.
    """
    t, steps = entry[0], steps_of(entry)
    happenings: tuple[Happening, ...] = ()
    changed: Changed = None
    for count, values in enumerate(steps, 1):
        if windows is not None:
            windows.replace(t, plan.readings_of(steps[:count]))
        if count > 1:
            changed = plan.changed(steps[count - 2], values)
        states, found = fold(states, reported_ms, values, changed)
        states, happenings = join_instant(plan.index, states, happenings, found)
        reported_ms = t
    return (plan.idle if states == plan.idle else states), happenings


def _added(known: Values, values: Values) -> Values:
    return tuple(new if old is None else old for old, new in zip(known, values, strict=True))
