"""What can be done to a case, by whom, and what becomes of it."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.workflow.case import Attached, Case, Term, TermUnit
from cases.workflow.performing import Act, perform
from cases.workflow.refusals import Illegal, Incomplete, NotAllowed, Refusal
from cases.workflow.states import State
from cases.workflow.table import TRANSITIONS, legal_from
from domain.actors import SYSTEM, Actor, Role
from domain.time.units import HOUR_MS
from tests.cases.workflow.acting import (
    ADMINISTRATOR,
    DISPATCHER,
    DRAINAGE,
    EVENT,
    FOUR_HOURS,
    LIGHTING,
    MAIN_PATH,
    NOON_MS,
    OPERATOR,
    OTHER,
    TIMES,
    VIEWER,
    act,
    case_in,
    reported,
)

ACTORS = {
    Role.OPERATOR: OPERATOR,
    Role.DISPATCHER: DISPATCHER,
    Role.DEPARTMENT: DRAINAGE,
    Role.SYSTEM: SYSTEM,
    Role.ADMINISTRATOR: ADMINISTRATOR,
    Role.VIEWER: VIEWER,
}
FULL: dict[str, Any] = {
    "note": "why",
    "department": "lighting",
    "term": FOUR_HOURS,
    "more": FOUR_HOURS,
    "into": OTHER,
    "event": EVENT,
}


def test_the_main_path_leads_from_the_report_to_the_closed_case() -> None:
    case = reported()
    states = [case.state]
    for n, (transition, actor, details) in enumerate(MAIN_PATH):
        case = act(case, transition, actor, at_ms=NOON_MS + n * HOUR_MS, **details)
        states.append(case.state)
    assert states == [
        State.REPORTED, State.ACCEPTED, State.VERIFYING, State.FILED, State.DISPATCHED, State.IN_PROGRESS, State.HANDLED,
        State.CHECKING, State.CLOSED,
    ]  # fmt: skip
    assert case.revision == 1 + len(MAIN_PATH)
    assert (case.department, case.handler) == ("drainage", "dora")
    assert (case.filed_at_ms, case.dispatched_at_ms) == (NOON_MS + 2 * HOUR_MS, NOON_MS + 3 * HOUR_MS)
    assert (case.handled_at_ms, case.closed_at_ms) == (NOON_MS + 5 * HOUR_MS, NOON_MS + 7 * HOUR_MS)
    assert case.deadline is not None
    assert case.deadline.due_at_ms == NOON_MS + 7 * HOUR_MS


@pytest.mark.parametrize("state", State)
def test_what_is_not_in_the_table_is_refused_and_the_legal_ones_are_named(state: State) -> None:
    case = case_in(state)
    for name in TRANSITIONS:
        if name in legal_from(state):
            continue
        for actor in ACTORS.values():
            with pytest.raises(Illegal) as refused:
                act(case, name, actor, **FULL)
            assert refused.value.legal == legal_from(state)
            assert all(legal in str(refused.value) for legal in legal_from(state))


@pytest.mark.parametrize("state", State)
def test_only_the_roles_of_the_table_may_do_it(state: State) -> None:
    for name in legal_from(state):
        for role, actor in ACTORS.items():
            allowed = role in TRANSITIONS[name].by or (
                role is Role.ADMINISTRATOR and bool(TRANSITIONS[name].by - {Role.SYSTEM})
            )
            if not allowed:
                with pytest.raises(NotAllowed):
                    act(case_in(state), name, actor, **FULL)


@pytest.mark.parametrize("name", [name for name, one in TRANSITIONS.items() if one.needs])
def test_an_act_without_what_it_needs_is_refused_and_says_what(name: str) -> None:
    one = TRANSITIONS[name]
    case = case_in(next(state for state in State if state in one.from_states))
    actor = next(ACTORS[role] for role in sorted(one.by, reverse=True))
    for missing in one.needs:
        with pytest.raises(Incomplete, match=missing) as refused:
            act(case, name, actor, **{**FULL, missing: None})
        assert missing in refused.value.needs


def test_an_unknown_transition_is_refused_like_an_illegal_one() -> None:
    with pytest.raises(Illegal, match="accept"):
        act(reported(), "teleport", OPERATOR)


def test_a_department_touches_its_own_cases_only() -> None:
    with pytest.raises(NotAllowed, match="drainage"):
        act(case_in(State.DISPATCHED), "take", LIGHTING)
    assert act(case_in(State.DISPATCHED), "take", ADMINISTRATOR).state is State.IN_PROGRESS


@pytest.mark.parametrize(
    ("areas", "allowed"),
    [
        ((), True),
        (("320582",), True),
        (("320582/110",), True),
        (("320582/11",), False),
        (("320583", "320582/9"), False),
    ],
)
def test_an_area_bounds_what_somebody_may_touch(areas: tuple[str, ...], allowed: bool) -> None:
    actor = Actor("olga", frozenset({Role.OPERATOR}), areas=areas)
    if allowed:
        assert act(reported(), "accept", actor).state is State.ACCEPTED
    else:
        with pytest.raises(NotAllowed, match="area"):
            act(reported(), "accept", actor)


def test_only_what_a_trusted_source_says_is_filed_without_verification() -> None:
    with pytest.raises(Illegal, match="verified first"):
        act(act(reported(), "accept", OPERATOR), "file", OPERATOR)
    case = act(act(reported(trusted=True), "accept"), "file", at_ms=NOON_MS + 5)
    assert (case.state, case.filed_at_ms) == (State.FILED, NOON_MS + 5)


def test_a_returned_case_waits_for_another_dispatch_which_starts_the_clock_anew() -> None:
    case = act(case_in(State.IN_PROGRESS), "return", DRAINAGE, note="not ours")
    assert (case.state, case.department, case.deadline, case.returns) == (State.FILED, None, None, 1)
    case = act(case, "dispatch", DISPATCHER, at_ms=NOON_MS + HOUR_MS, department="lighting", term=FOUR_HOURS)
    assert (case.department, case.dispatches) == ("lighting", 2)
    assert case.deadline is not None
    assert (case.deadline.started_at_ms, case.deadline.due_at_ms) == (NOON_MS + HOUR_MS, NOON_MS + 5 * HOUR_MS)


def test_a_hand_over_gives_the_next_department_a_whole_term() -> None:
    case = act(
        case_in(State.IN_PROGRESS),
        "hand_over",
        DISPATCHER,
        at_ms=NOON_MS + HOUR_MS,
        department="lighting",
        note="theirs",
    )
    assert (case.state, case.department, case.handler) == (State.DISPATCHED, "lighting", None)
    assert case.deadline is not None
    assert case.deadline.due_at_ms == NOON_MS + 5 * HOUR_MS
    with pytest.raises(Incomplete, match="already"):
        act(case, "hand_over", DISPATCHER, department="lighting", note="again")


def test_a_failed_check_sends_it_back_with_a_term_of_its_own() -> None:
    case = act(case_in(State.CHECKING), "fail", OPERATOR, at_ms=NOON_MS + 9 * HOUR_MS, note="still loose")
    assert (case.state, case.reworks, case.department, case.handled_at_ms) == (State.DISPATCHED, 1, "drainage", None)
    assert case.deadline is not None
    assert case.deadline.due_at_ms == NOON_MS + 13 * HOUR_MS


def test_a_case_that_recovered_before_anybody_had_it_goes_back_to_be_dispatched_when_its_check_fails() -> None:
    case = act(act(case_in(State.FILED), "recover"), "fail", OPERATOR, note="it is open again")
    assert (case.state, case.deadline) == (State.FILED, None)


def test_more_time_is_asked_for_once_and_lengthens_the_term_when_granted() -> None:
    case = case_in(State.IN_PROGRESS)
    with pytest.raises(Illegal, match="nobody asked"):
        act(case, "grant_extension", DISPATCHER)
    asked = act(case, "ask_extension", DRAINAGE, more=Term(unit=TermUnit.HOUR, amount=2), note="parts")
    with pytest.raises(Illegal, match="already"):
        act(asked, "ask_extension", DRAINAGE, more=FOUR_HOURS, note="more parts")
    with pytest.raises(Incomplete, match="counts in hour"):
        act(case, "ask_extension", DRAINAGE, more=Term(unit=TermUnit.WORKING_DAY, amount=1), note="parts")
    granted = act(asked, "grant_extension", DISPATCHER)
    assert granted.deadline is not None
    assert granted.deadline.due_at_ms == NOON_MS + 6 * HOUR_MS
    assert (granted.extension, granted.extensions, granted.state) == (None, 1, State.IN_PROGRESS)
    refused = act(asked, "refuse_extension", DISPATCHER, note="no")
    assert (refused.extension, refused.deadline) == (None, case.deadline)


def test_the_clock_stands_while_a_case_is_suspended() -> None:
    case = act(case_in(State.IN_PROGRESS), "suspend", DISPATCHER, at_ms=NOON_MS + HOUR_MS, note="frozen ground")
    assert case.deadline is not None
    assert (case.state, case.deadline.left_ms) == (State.SUSPENDED, 3 * HOUR_MS)
    assert legal_from(State.SUSPENDED, DRAINAGE.roles) == ("comment",)
    case = act(case, "resume", DISPATCHER, at_ms=NOON_MS + 100 * HOUR_MS)
    assert case.deadline is not None
    assert (case.state, case.resumes_to) == (State.IN_PROGRESS, None)
    assert (case.deadline.due_at_ms, case.deadline.left_ms) == (NOON_MS + 103 * HOUR_MS, None)


def test_what_was_overdue_before_a_suspension_is_overdue_after_it() -> None:
    late_ms = NOON_MS + 10 * HOUR_MS
    case = act(case_in(State.IN_PROGRESS), "suspend", DISPATCHER, at_ms=late_ms, note="frost")
    case = act(case, "resume", DISPATCHER, at_ms=late_ms + HOUR_MS)
    assert case.deadline is not None
    assert case.deadline.due_at_ms == NOON_MS + 4 * HOUR_MS


def test_a_case_is_never_merged_into_itself() -> None:
    with pytest.raises(Incomplete, match="itself"):
        act(reported(), "merge", OPERATOR, into=reported().case_id)
    merged = act(reported(), "merge", OPERATOR, into=OTHER)
    assert (merged.state, merged.merged_into) == (State.MERGED, OTHER)


def test_a_closed_case_can_be_opened_again_and_a_rejected_one_thought_over() -> None:
    opened = act(case_in(State.CLOSED), "reopen", OPERATOR, note="it is back")
    assert (opened.state, opened.closed_at_ms, opened.department) == (State.FILED, None, None)
    assert act(case_in(State.REJECTED), "reconsider", OPERATOR, note="it is there").state is State.REPORTED


def test_events_join_once_and_are_marked_when_they_end() -> None:
    second = Attached(event_id=UUID(int=8), rule="cover-tilted", subject="MH-1")
    case = act(act(act(reported(), "attach", event=EVENT), "attach", event=second), "attach", event=EVENT)
    assert {event.event_id for event in case.events} == {EVENT.event_id, second.event_id}
    case = act(case, "detach", event=EVENT.model_copy(update={"open": False}))
    assert case.has_open_events
    assert not act(case, "detach", event=second.model_copy(update={"open": False})).has_open_events


def test_urging_is_counted() -> None:
    assert act(act(case_in(State.DISPATCHED), "urge", OPERATOR), "urge", DISPATCHER).urges == 2


ACTS = st.tuples(st.sampled_from(sorted(TRANSITIONS)), st.sampled_from(sorted(ACTORS)), st.integers(0, 20))


@given(st.booleans(), st.lists(ACTS, max_size=40))
def test_whatever_is_tried_a_case_stays_sound(trusted: bool, tried: list[tuple[str, Role, int]]) -> None:
    case, now_ms = reported(trusted=trusted), NOON_MS
    for transition, role, hours in tried:
        now_ms += hours * HOUR_MS
        before = case
        try:
            case = perform(case, Act(transition, ACTORS[role], now_ms, **FULL), TIMES)
        except Refusal:
            assert case is before
            continue
        assert case.revision == before.revision + 1
        _assert_sound(case)


def _assert_sound(case: Case) -> None:
    assert case == Case.model_validate_json(case.model_dump_json())
    assert (case.state is State.SUSPENDED) == (case.resumes_to is not None)
    if case.state in (State.DISPATCHED, State.IN_PROGRESS, State.SUSPENDED):
        assert case.department is not None
        assert case.deadline is not None
        assert (case.deadline.left_ms is not None) == (case.state is State.SUSPENDED)
    if case.state is State.IN_PROGRESS:
        assert case.handler is not None
    assert (case.closed_at_ms is not None) == (case.state in (State.CLOSED, State.MERGED))
    assert (case.merged_into is not None) == (case.state is State.MERGED)
