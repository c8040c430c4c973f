"""One rule, one device: what a reading does to it, with the exact times of the design.

                 true                 held for `for`                 clear condition held for `clear_for`
      idle ──────────────▶ Pending ──────────────────▶ Held ─────────────────────────────────────────▶ idle
        ▲    false, or silent longer than gap   │
        └───────────────────────────────────────┘
With `repeat` a rule is Counted instead of Pending: true readings are counted within its span, and false ones between them
break nothing. A reading without a value for a name that the condition reads is no evidence: it changes nothing. Outside
`active` nothing is judged: runs end, open events stay. Everything here is immutable, so the state before any reading can be
kept and folded again from there when late data arrives.
"""

from collections.abc import Callable
from typing import NamedTuple

from rules.language.conditions.condition import Condition, More, Readings
from rules.language.rule import Rule
from rules.schedule.activity import Span

Basis = tuple[tuple[str, float | bool, int], ...]
"""The evidence of an event: (quantity or signal, value, observed_at_ms)."""


class Observed(NamedTuple):
    """What is evidence of one report: its usable readings, and the signals and the sun at its time."""

    at_ms: int
    readings: Readings
    more: More


Judge = Callable[[Rule, Condition, Observed], bool | None]
"""Evaluates a condition for the device at hand; None where the reading is no evidence."""


class Pending(NamedTuple):
    """The condition has held since `since_ms`, last seen at `last_ms`, not long enough yet."""

    since_ms: int
    last_ms: int
    basis: Basis


class Counted(NamedTuple):
    """The true readings of a `repeat` rule that still count, oldest first: (observed_at_ms, basis)."""

    readings: tuple[tuple[int, Basis], ...]


class Held(NamedTuple):
    """An open event. `clearing_since_ms` is the first reading of an unbroken run of its clear condition."""

    since_ms: int
    opened_at_ms: int
    last_ms: int
    clearing_since_ms: int | None
    basis: Basis


RuleState = Pending | Counted | Held | None


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
Folded = tuple[RuleState, tuple[Happening, ...]]
"""The state of a rule after a report, and what opened or cleared by it."""


def fold_reading(
    rule: Rule, gap_ms: int, state: RuleState, seen: Observed, judge: Judge, span: Span | None = None
) -> Folded:
    """The state of a `when` rule after a reading in its active time.

    Time: readings come in observed order. A reading exactly `gap_ms` after the last breaks nothing, a later one does, and
    so does the end of active time in between: `span` is the stretch the reading lies in. The event opens at since + for,
    found by the first reading at or after that; clearing likewise.
    """
    if isinstance(state, Counted):
        in_time = span is None or state.readings[-1][0] >= span.begin_ms
        return _fold_count(rule, state.readings if in_time else (), seen, judge)
    if state is not None and (seen.at_ms - state.last_ms > gap_ms or (span and state.last_ms < span.begin_ms)):
        state = state._replace(clearing_since_ms=None) if isinstance(state, Held) else None
    if isinstance(state, Held):
        return _fold_open(rule, state, seen, judge)
    return _fold_closed(rule, state, seen, judge)


def fold_inactive(state: RuleState) -> Folded:
    """The state of a rule after a reading outside its active time."""
    if isinstance(state, Held):
        return state._replace(clearing_since_ms=None), ()
    return None, ()


def _fold_closed(rule: Rule, state: Pending | None, seen: Observed, judge: Judge) -> Folded:
    if rule.repeat is not None:
        return _fold_count(rule, (), seen, judge)
    assert rule.when is not None
    holds = judge(rule, rule.when, seen)
    if holds is None:
        return state, ()
    if not holds:
        return None, ()
    t = seen.at_ms
    if state is None:
        state = Pending(t, t, _basis(rule.when, seen))
    opened_at_ms = state.since_ms + rule.for_ms
    if t < opened_at_ms:
        return Pending(state.since_ms, t, state.basis), ()
    basis = state.basis if t == state.since_ms else state.basis + _basis(rule.when, seen)
    return _open(rule, state.since_ms, opened_at_ms, t, basis)


def _fold_count(rule: Rule, readings: tuple[tuple[int, Basis], ...], seen: Observed, judge: Judge) -> Folded:
    assert rule.when is not None
    assert rule.repeat is not None
    holds = judge(rule, rule.when, seen)
    counted = tuple(reading for reading in readings if reading[0] >= seen.at_ms - rule.repeat.within_ms)
    if holds:
        counted += ((seen.at_ms, _basis(rule.when, seen)),)
    if len(counted) < rule.repeat.times:
        return Counted(counted) if counted else None, ()
    basis = tuple(evidence for _, basis in (counted[0], counted[-1]) for evidence in basis)
    return _open(rule, counted[0][0], seen.at_ms, seen.at_ms, basis)


def _open(rule: Rule, since_ms: int, opened_at_ms: int, t: int, basis: Basis) -> Folded:
    return Held(since_ms, opened_at_ms, t, None, basis), (Opened(rule.name, since_ms, opened_at_ms, basis),)


def _fold_open(rule: Rule, state: Held, seen: Observed, judge: Judge) -> Folded:
    clears = _clears(rule, seen, judge)
    if clears is None:
        return state, ()
    t = seen.at_ms
    if not clears:
        return state._replace(last_ms=t, clearing_since_ms=None), ()
    since_ms = t if state.clearing_since_ms is None else state.clearing_since_ms
    if t < since_ms + rule.clear_for_ms:
        return state._replace(last_ms=t, clearing_since_ms=since_ms), ()
    cleared = Cleared(rule.name, state.opened_at_ms, since_ms + rule.clear_for_ms)
    after, happenings = _fold_closed(rule, None, seen, judge)
    return after, (cleared, *happenings)


def _clears(rule: Rule, seen: Observed, judge: Judge) -> bool | None:
    if rule.clear_when is not None:
        return judge(rule, rule.clear_when, seen)
    assert rule.when is not None
    holds = judge(rule, rule.when, seen)
    return None if holds is None else not holds


def fold_silence(
    rule: Rule, state: RuleState, last_report_ms: int | None, opens_at_ms: int, t: int, *, active: bool = True
) -> Folded:
    """The state of a `no_data` rule after any report at `t`, and the silence that ended with it.

    Time: silence counts from `silent_from_ms` (None: nothing to count from) and opens at `opens_at_ms` unless a report is
    observed exactly then; it clears at the next report in active time. A state is Held where a report outside active time
    has ended no silence, or a new version of the rule took over an open event.
    """
    if isinstance(state, Held):
        if not active:
            return state, ()
        return None, (Cleared(rule.name, state.opened_at_ms, max(t, state.opened_at_ms)),)
    if last_report_ms is None or t <= opens_at_ms:
        return None, ()
    opened = Opened(rule.name, last_report_ms, opens_at_ms, ())
    if not active:
        return Held(last_report_ms, opens_at_ms, t, None, ()), (opened,)
    return None, (opened, Cleared(rule.name, opens_at_ms, t))


def _basis(condition: Condition, seen: Observed) -> Basis:
    read = [(quantity, seen.readings[quantity], seen.at_ms) for quantity in condition.quantities]
    return (*read, *((label, seen.more[label], seen.at_ms) for label in condition.more_read))
