"""Escalation and deadlines: each step told once in its time, and nothing once somebody acts."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.notification.escalation import EscalationState, follow, look
from cases.notification.messages.message import Occasion, Occurrence
from cases.policy import Escalation
from cases.workflow.case import Case, Term, TermUnit
from cases.workflow.states import State
from domain.actors import Actor, Role
from domain.time.units import HOUR_MS, MINUTE_MS
from tests.cases.notification.office import TIMES
from tests.cases.workflow.acting import DISPATCHER, DRAINAGE, FOUR_HOURS, NOON_MS, OPERATOR, act, case_in, reported


def after(minutes: float, *roles: Role, departments: tuple[str, ...] = ()) -> Escalation:
    return Escalation(Term(unit=TermUnit.HOUR, amount=minutes / 60), roles, departments)


CHAIN = (
    after(15, departments=("drainage",)),
    after(30, Role.DISPATCHER),
    after(120, Role.ADMINISTRATOR),
)


def chain(case: Case) -> Sequence[Escalation]:
    return CHAIN if case.state in (State.DISPATCHED, State.REPORTED) else ()


def told(watch: EscalationState, case: Case, now_ms: int) -> tuple[list[Occurrence], EscalationState]:
    return look(watch, case, chain, TIMES, now_ms, NOON_MS - HOUR_MS)


def test_a_chain_names_the_next_one_at_each_step_until_somebody_takes_the_case() -> None:
    case = case_in(State.DISPATCHED)
    watch = follow(None, case, "dispatch", NOON_MS)
    assert watch.next_ms == NOON_MS
    found, watch = told(watch, case, NOON_MS)
    assert (found, watch.next_ms) == ([], NOON_MS + 15 * MINUTE_MS)
    found, watch = told(watch, case, NOON_MS + 31 * MINUTE_MS)
    assert [(one.occasion, one.audience) for one in found] == [
        (Occasion.ESCALATED, ("department:drainage",)),
        (Occasion.ESCALATED, ("role:dispatcher",)),
    ]
    taken = act(case, "take", DRAINAGE)
    watch = follow(watch, taken, "take", NOON_MS + 32 * MINUTE_MS)
    found, watch = told(watch, taken, NOON_MS + 3 * HOUR_MS)
    assert [one.occasion for one in found] == []


def test_a_report_that_nobody_accepts_is_escalated_too() -> None:
    found, _ = told(follow(None, reported(), "report", NOON_MS), reported(), NOON_MS + 20 * MINUTE_MS)
    assert [one.occasion for one in found] == [Occasion.ESCALATED]


def test_a_hand_over_and_a_rework_begin_the_chain_anew() -> None:
    case = case_in(State.DISPATCHED)
    _, watch = told(follow(None, case, "dispatch", NOON_MS), case, NOON_MS + 20 * MINUTE_MS)
    assert watch.steps_done == 1
    moved = act(case, "hand_over", DISPATCHER, NOON_MS + 21 * MINUTE_MS, department="lighting", note="theirs")
    again = follow(watch, moved, "hand_over", NOON_MS + 21 * MINUTE_MS)
    assert (again.steps_done, again.since_ms) == (0, NOON_MS + 21 * MINUTE_MS)
    found, _ = told(again, moved, NOON_MS + 40 * MINUTE_MS)
    assert len(found) == 1


def test_a_comment_or_an_urge_is_no_act() -> None:
    case = case_in(State.DISPATCHED)
    _, watch = told(follow(None, case, "dispatch", NOON_MS), case, NOON_MS + 20 * MINUTE_MS)
    urged = act(case, "urge", OPERATOR)
    assert follow(watch, urged, "urge", NOON_MS + 21 * MINUTE_MS).steps_done == 1


def test_the_clock_of_a_chain_begins_when_the_hold_is_over() -> None:
    case = case_in(State.DISPATCHED, hold_until_ms=NOON_MS + HOUR_MS)
    found, watch = told(follow(None, case, "dispatch", NOON_MS), case, NOON_MS + 20 * MINUTE_MS)
    assert (found, watch.next_ms) == ([], NOON_MS + HOUR_MS + 15 * MINUTE_MS)


def test_a_deadline_is_told_of_when_it_is_near_over_and_then_at_each_doubling() -> None:
    case = act(case_in(State.DISPATCHED), "take", DRAINAGE)
    watch = follow(None, case, "take", NOON_MS)
    found: list[tuple[int, Occasion]] = []
    for hours in range(4 * 17):
        some, watch = look(watch, case, lambda case: (), TIMES, NOON_MS + hours * HOUR_MS, 0)
        found += [(hours, one.occasion) for one in some]
    assert found == [
        (4, Occasion.OVERDUE),
        (8, Occasion.REPEATEDLY_OVERDUE),
        (16, Occasion.REPEATEDLY_OVERDUE),
        (32, Occasion.REPEATEDLY_OVERDUE),
        (64, Occasion.REPEATEDLY_OVERDUE),
    ]


def test_a_deadline_is_near_when_a_fifth_of_the_term_is_left() -> None:
    case = act(case_in(State.DISPATCHED), "take", DRAINAGE)
    soon_ms = NOON_MS + 4 * HOUR_MS * 4 // 5
    watch = follow(None, case, "take", NOON_MS)
    assert look(watch, case, lambda case: (), TIMES, soon_ms - 1, 0)[0] == []
    (found,), watch = look(watch, case, lambda case: (), TIMES, soon_ms, 0)
    assert found.occasion is Occasion.DUE_SOON
    assert look(watch, case, lambda case: (), TIMES, soon_ms + 1, 0)[0] == []


def test_what_was_due_long_before_anybody_listened_is_passed_over() -> None:
    case = case_in(State.DISPATCHED)
    watch = follow(None, case, "dispatch", NOON_MS)
    now_ms = NOON_MS + 10 * HOUR_MS
    found, after_it = look(watch, case, chain, TIMES, now_ms, now_ms - HOUR_MS)
    assert found == []
    assert after_it.steps_done == 3


@dataclass(frozen=True)
class Moment:
    after_ms: int
    what: str


MOMENTS = st.lists(
    st.builds(
        Moment, after_ms=st.integers(0, 3 * HOUR_MS), what=st.sampled_from(["look", "look", "take", "return", "urge"])
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(moments=MOMENTS)
def test_whenever_it_is_looked_at_each_step_of_each_stay_is_told_once_and_only_while_it_waits(
    moments: list[Moment],
) -> None:
    case, now_ms = case_in(State.DISPATCHED), NOON_MS
    watch = follow(None, case, "dispatch", now_ms)
    since_ms, keys = now_ms, []
    for moment in moments:
        now_ms += moment.after_ms
        case, steps = moved(case, moment.what, now_ms)
        for step in steps:
            watch = follow(watch, case, step, now_ms)
            since_ms = now_ms if step == "dispatch" else since_ms
        found, watch = look(watch, case, chain, TIMES, now_ms, 0)
        escalated = [one for one in found if one.occasion is Occasion.ESCALATED]
        keys += [one.key for one in found]
        assert not escalated or case.state is State.DISPATCHED
        if case.state is State.DISPATCHED:
            due = [since_ms + minutes * MINUTE_MS for minutes in (15, 30, 120)]
            assert watch.steps_done == sum(at_ms <= now_ms for at_ms in due)
            assert watch.next_ms is not None
            assert watch.next_ms > now_ms
    assert len(keys) == len(set(keys))


def moved(case: Case, what: str, now_ms: int) -> tuple[Case, list[str]]:
    """The case after something was done to it, where that can be done, and the steps it took."""
    who: Actor = DRAINAGE
    if what == "take" and case.state is State.DISPATCHED:
        return act(case, "take", who, now_ms), ["take"]
    if what == "urge":
        return act(case, "urge", OPERATOR, now_ms), ["urge"]
    if what == "return":
        back = act(case, "return", who, now_ms, note="not ours")
        return act(back, "dispatch", DISPATCHER, now_ms, department="drainage", term=FOUR_HOURS), ["return", "dispatch"]
    return case, []
