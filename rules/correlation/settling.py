"""Settling: what no late data can reach any more is decided for good, and what is over is forgotten."""

from collections.abc import Iterable

from rules.correlation.event_history import NEVER_MS, RuleSubject
from rules.correlation.state import CorrelationState
from rules.correlation.subject_state import SubjectState


def settle(known: CorrelationState, states: Iterable[SubjectState], at_ms: int) -> set[RuleSubject]:
    """Decide these for good up to that instant; the keys of those settled. At NEVER_MS nothing is."""
    if at_ms == NEVER_MS:
        return set()
    decided = [
        (state, view, known.created(state, view), known.histories(state, view))
        for state in states
        for view in known.views(state)
    ]
    for state, view, created, histories in decided:
        state.settle(at_ms, view, created, histories)
    settled = {state.key: state for state, *_ in decided}
    for key, state in settled.items():
        if key[0] in known.relations.groups:
            open_then = (t for t, raised in state.raised_events.items() if t <= at_ms < raised.cleared_ms)
            state.began_ms = next(open_then, None)
        state.settled_ms = max(state.settled_ms, at_ms)
    return set(settled)


def settle_and_forget(known: CorrelationState, at_ms: int) -> set[RuleSubject]:
    """Settle everything at an instant, and forget what is over; the keys of all states that changed.

    What waits for its release is not settled before that is acted on. The histories are derived anew by the caller.
    """
    states = list(known.subject_states.values())
    at_ms = min([at_ms, *(came_ms - 1 for state in states for came_ms, _ in known.releases(state))])
    changed = settle(known, states, at_ms)
    for state in states:
        rule = known.relations.rules.get(state.key[0])
        histories = [history for view in known.views(state) for history in known.histories(state, view)]
        state.forget(at_ms, rule.flapping if rule else None, histories)
        if state.is_empty:
            known.forget(state)
    return changed | known.place_again()
