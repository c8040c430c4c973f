"""One rule, one device: what a reading does to it, with the exact times of the design.

                 true                 held for `for`                 clear condition held for `clear_for`
      idle ──────────────▶ Pending ──────────────────▶ Held ─────────────────────────────────────────▶ idle
        ▲    false, or silent longer than gap   │
        └───────────────────────────────────────┘
A reading without a value for a name that the condition reads is no evidence: it changes nothing. Everything here is
immutable, so the state before any reading can be kept and folded again from there when late data arrives.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rules.conditions.condition import Condition
from rules.rule import Rule

Readings = Mapping[str, Any]
Basis = tuple[tuple[str, float | bool, int], ...]
"""The evidence of an event: (quantity, value, observed_at_ms)."""
Judge = Callable[[Rule, Condition, Readings], bool | None]
"""Evaluates a condition for the device at hand; None where the reading is no evidence."""


class Pending(NamedTuple):
    """The condition has held since `since_ms`, last seen at `last_ms`, not long enough yet."""

    since_ms: int
    last_ms: int
    basis: Basis


class Held(NamedTuple):
    """An open event. `clearing_since_ms` is the first reading of an unbroken run of its clear condition."""

    since_ms: int
    opened_at_ms: int
    last_ms: int
    clearing_since_ms: int | None
    basis: Basis


RuleState = Pending | Held | None


class Opened(NamedTuple):
    rule: str
    since_ms: int
    opened_at_ms: int
    basis: Basis


class Cleared(NamedTuple):
    rule: str
    opened_at_ms: int
    cleared_at_ms: int


Happening = Opened | Cleared


def fold_reading(
    rule: Rule, gap_ms: int, state: RuleState, observed_at_ms: int, readings: Readings, judge: Judge
) -> tuple[RuleState, tuple[Happening, ...]]:
    """The state of a `when` rule after a reading, and what opened or cleared by it.

    Time: readings come in observed order. A reading exactly `gap_ms` after the last breaks nothing, a later one does. The
    event opens at since + for, found by the first reading at or after that; clearing likewise.
    """
    if isinstance(state, Held):
        return _fold_open(rule, gap_ms, state, observed_at_ms, readings, judge)
    return _fold_closed(rule, gap_ms, state, observed_at_ms, readings, judge)


def _fold_closed(
    rule: Rule, gap_ms: int, state: Pending | None, t: int, readings: Readings, judge: Judge
) -> tuple[RuleState, tuple[Happening, ...]]:
    assert rule.when is not None
    holds = judge(rule, rule.when, readings)
    if holds is None:
        return state, ()
    if not holds:
        return None, ()
    if state is None or t - state.last_ms > gap_ms:
        state = Pending(t, t, _basis(rule.when, readings, t))
    opened_at_ms = state.since_ms + rule.for_ms
    if t < opened_at_ms:
        return Pending(state.since_ms, t, state.basis), ()
    basis = state.basis if t == state.since_ms else state.basis + _basis(rule.when, readings, t)
    opened = Opened(rule.name, state.since_ms, opened_at_ms, basis)
    return Held(state.since_ms, opened_at_ms, t, None, basis), (opened,)


def _fold_open(
    rule: Rule, gap_ms: int, state: Held, t: int, readings: Readings, judge: Judge
) -> tuple[RuleState, tuple[Happening, ...]]:
    clears = _clears(rule, readings, judge)
    if clears is None:
        return state, ()
    since_ms = state.clearing_since_ms
    if since_ms is None or t - state.last_ms > gap_ms:
        since_ms = t
    if not clears:
        return state._replace(last_ms=t, clearing_since_ms=None), ()
    if t < since_ms + rule.clear_for_ms:
        return state._replace(last_ms=t, clearing_since_ms=since_ms), ()
    cleared = Cleared(rule.name, state.opened_at_ms, since_ms + rule.clear_for_ms)
    after, happenings = _fold_closed(rule, gap_ms, None, t, readings, judge)
    return after, (cleared, *happenings)


def _clears(rule: Rule, readings: Readings, judge: Judge) -> bool | None:
    if rule.clear_when is not None:
        return judge(rule, rule.clear_when, readings)
    assert rule.when is not None
    holds = judge(rule, rule.when, readings)
    return None if holds is None else not holds


def fold_silence(
    rule: Rule, state: RuleState, heard_before_ms: int | None, observed_at_ms: int
) -> tuple[RuleState, tuple[Happening, ...]]:
    """The state of a `no_data` rule after any report, and the silence that ended with it.

    Time: silence opens at `heard_before_ms` + no_data (None: nothing to count from) unless a report is observed exactly
    then, and clears at the report. A state is Held only where a new version of the rule took over an open event.
    """
    assert rule.no_data_ms is not None
    if isinstance(state, Held):
        return None, (Cleared(rule.name, state.opened_at_ms, max(observed_at_ms, state.opened_at_ms)),)
    if heard_before_ms is None or observed_at_ms - heard_before_ms <= rule.no_data_ms:
        return None, ()
    opened_at_ms = heard_before_ms + rule.no_data_ms
    return None, (
        Opened(rule.name, heard_before_ms, opened_at_ms, ()),
        Cleared(rule.name, opened_at_ms, observed_at_ms),
    )


def _basis(condition: Condition, readings: Readings, t: int) -> Basis:
    return tuple((quantity, readings[quantity], t) for quantity in condition.quantities)
