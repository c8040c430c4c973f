"""The reports kept of a device: short tuples, with the states after them only where anything is under way."""

from typing import Any

from rules.engine.folding import Happening, RuleState
from rules.engine.plans import Plan

States = tuple[RuleState, ...]
Values = tuple[Any, ...]
"""The values of the plan's quantities in a report: None where it holds none, BAD where it is marked bad, Suspect
around one that is suspect."""

ReportEntry = tuple[int, Values] | tuple[int, Values, States, tuple[Happening, ...]]
"""(observed_at_ms, values), and where anything is under way the states after it and what happened by it. Plain tuples, and
short ones, because there is one for every report."""


def entry_of(plan: Plan, t: int, values: Values, states: States, happenings: tuple[Happening, ...]) -> ReportEntry:
    """The entry in its short form if nothing is under way; `states` is `plan.idle` itself then."""
    return (t, values) if states is plan.idle and not happenings else (t, values, states, happenings)


def outcome_of(plan: Plan, entry: ReportEntry) -> tuple[States, tuple[Happening, ...]]:
    """The states after an entry, and what happened by it."""
    return (entry[2], entry[3]) if len(entry) == 4 else (plan.idle, ())
