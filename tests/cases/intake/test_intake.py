"""What events make of cases: one case for one trouble, whatever the order in which the news come."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from cases.intake import OnCleared, PublishedEvent, held_events
from cases.storage import CaseStore
from cases.workflow.case import Case, Source
from cases.workflow.performing import Act
from cases.workflow.states import State
from domain.events import Severity, Status, Transition
from tests.cases.intake.lamps import Desk, cleared, feeder_fault, lamp_out, later
from tests.cases.workflow.acting import DISPATCHER, DRAINAGE, FOUR_HOURS, NOON_MS, OPERATOR


@pytest.fixture
def desk(book: CaseStore) -> Desk:
    return Desk(book)


def test_an_opened_event_reports_itself_and_a_trusted_one_goes_to_its_department(desk: Desk) -> None:
    desk.tell(lamp_out())
    case = desk.only_case()
    assert desk.steps(case) == ["report", "accept", "file", "dispatch"]
    assert (case.state, case.department, case.source) == (State.DISPATCHED, "lighting", Source.SENSOR)
    assert (case.subject, case.component_code, case.class_code) == ("L1", "3205820118000001", "0118")
    assert (case.occurred_at_ms, case.reported_at_ms) == (NOON_MS - 180_000, NOON_MS)
    assert [(one.event_id, one.open) for one in case.events] == [(UUID(int=1), True)]


def test_what_is_not_trusted_waits_to_be_verified_and_what_has_no_department_for_a_dispatcher(desk: Desk) -> None:
    desk.policy.trusted = False
    desk.tell(lamp_out())
    assert desk.only_case().state is State.ACCEPTED
    desk.policy.trusted, desk.policy.assignment = True, None
    desk.tell(lamp_out("L2", 2))
    assert desk.cases()[1].state is State.FILED


def test_an_event_with_longer_names_than_a_case_has_still_makes_one_case(desk: Desk) -> None:
    long: dict[str, Any] = {
        "subject": "s" * 200, "problem": "p" * 100, "kind": "k" * 100, "component_code": "1" * 40, "rule": "r" * 300,
        "department": "d" * 100, "area": "/".join(["320582"] * 15), "since_ms": -1,
    }  # fmt: skip
    desk.tell(lamp_out(**long), lamp_out(event_id=2, **long))
    case = desk.only_case()
    assert len(case.events) == 2
    assert (case.subject, case.problem, case.occurred_at_ms) == ("s" * 128, "p" * 64, 0)
    assert (case.kind, case.component_code, case.proposed_department) == (None, None, None)
    assert case.area == "/".join(["320582"] * 9), "an area above, never half a name"


def test_telling_everything_again_from_the_start_changes_nothing(desk: Desk) -> None:
    event, other = lamp_out(), lamp_out("L2", 2)
    story = [event, other, later(event, severity=Severity.CRITICAL), cleared(other)]
    desk.tell(*story)
    before = [(case, desk.steps(case)) for case in desk.cases()]
    desk.tell(*story, *story)
    assert [(case, desk.steps(case)) for case in desk.cases()] == before
    assert len(before) == 2


def test_events_nobody_is_to_be_told_of_make_no_case(desk: Desk) -> None:
    desk.tell(
        lamp_out(severity=Severity.INFO),
        lamp_out(event_id=2, historical=True),
        lamp_out(event_id=3, silenced_by="works"),
        cleared(lamp_out(event_id=4)),
    )
    assert desk.cases() == []


def test_an_escalated_event_makes_its_case_worse_but_never_better(desk: Desk) -> None:
    event = lamp_out()
    worse = later(event, severity=Severity.CRITICAL)
    desk.tell(event, worse)
    assert desk.only_case().severity is Severity.CRITICAL
    desk.tell(later(worse, severity=Severity.MINOR))
    assert desk.only_case().severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("cleared_means", "state"),
    [(OnCleared.CHECK, State.CHECKING), (OnCleared.CLOSE, State.CLOSED), (OnCleared.LEAVE, State.DISPATCHED)],
)
def test_a_cleared_event_moves_its_case_as_the_policy_says(desk: Desk, cleared_means: OnCleared, state: State) -> None:
    desk.policy.cleared = cleared_means
    event = lamp_out()
    desk.tell(event, cleared(event))
    case = desk.only_case()
    assert case.state is state
    assert not case.has_open_events


def test_a_case_is_only_over_with_its_last_event(desk: Desk) -> None:
    desk.policy.cleared = OnCleared.CLOSE
    first, second = lamp_out(), lamp_out(event_id=2, rule="lamp-dark")
    desk.tell(first, second, cleared(first))
    assert desk.only_case().state is State.DISPATCHED
    desk.tell(cleared(second))
    assert desk.only_case().state is State.CLOSED


def test_a_withdrawn_event_that_nobody_had_looked_at_closes_its_case(desk: Desk) -> None:
    desk.policy.trusted = False
    event = lamp_out()
    desk.tell(event, later(event, status=Status.WITHDRAWN, reason="late data"))
    case = desk.only_case()
    assert case.state is State.CLOSED
    assert desk.book.history(case.case_id)[-1].note == "late data"


def test_the_same_trouble_again_joins_the_case_that_is_still_open(desk: Desk) -> None:
    event = lamp_out()
    desk.tell(event, cleared(event), lamp_out(event_id=2, opened_at_ms=NOON_MS + 900_000))
    case = desk.only_case()
    assert [one.open for one in case.events] == [False, True]
    assert case.state is State.CHECKING


def test_the_same_trouble_after_the_case_was_closed_is_a_new_case(desk: Desk) -> None:
    desk.policy.cleared = OnCleared.CLOSE
    event = lamp_out()
    desk.tell(event, cleared(event), lamp_out(event_id=2))
    assert [case.state for case in desk.cases()] == [State.CLOSED, State.DISPATCHED]


def test_an_event_that_replaces_another_takes_its_place_in_the_case(desk: Desk) -> None:
    event = lamp_out()
    other = lamp_out(event_id=2, replaces=event.event_id, opened_at_ms=NOON_MS - 60_000)
    desk.tell(event, other, later(event, status=Status.WITHDRAWN))
    case = desk.only_case()
    assert case.state is State.DISPATCHED
    assert {one.event_id: one.open for one in case.events} == {event.event_id: False, other.event_id: True}


class TestHolds:
    def test_a_held_event_is_a_case_when_its_hold_is_over(self, desk: Desk) -> None:
        desk.tell(lamp_out(hold_ms=120_000))
        desk.wait(119_999)
        assert desk.cases() == []
        desk.wait(1)
        assert desk.only_case().reported_at_ms == NOON_MS + 120_000
        desk.wait(600_000)
        assert len(desk.cases()) == 1

    def test_one_that_is_over_before_its_hold_is_makes_no_case(self, desk: Desk) -> None:
        event = lamp_out(hold_ms=120_000)
        desk.tell(event, cleared(event))
        desk.wait(600_000)
        assert desk.cases() == []

    def test_an_amendment_does_not_lengthen_the_hold(self, desk: Desk) -> None:
        event = lamp_out(hold_ms=120_000)
        desk.tell(event)
        desk.wait(60_000)
        desk.tell(later(event, severity=Severity.MINOR))
        desk.wait(60_000)
        assert desk.only_case().severity is Severity.MINOR

    def test_what_is_absorbed_meanwhile_joins_the_group_s_case_and_makes_none(self, desk: Desk) -> None:
        lamps = [lamp_out("L1", 1, hold_ms=120_000), lamp_out("L2", 2, hold_ms=120_000)]
        desk.tell(*lamps, feeder_fault(), *(later(lamp, absorbed_by="feeder-fault") for lamp in lamps))
        desk.wait(600_000)
        case = desk.only_case()
        assert case.problem == "feeder-fault"
        assert {one.event_id for one in case.events} == {UUID(int=100), UUID(int=1), UUID(int=2)}

    def test_the_news_of_the_group_may_come_last(self, desk: Desk) -> None:
        lamps = [lamp_out("L1", 1, hold_ms=120_000), lamp_out("L2", 2, hold_ms=120_000)]
        desk.tell(*lamps, *(later(lamp, absorbed_by="feeder-fault") for lamp in lamps))
        desk.wait(130_000)
        assert desk.cases() == []
        desk.tell(feeder_fault())
        assert len(desk.only_case().events) == 3

    def test_a_member_whose_group_is_never_heard_of_becomes_a_case_after_all(self, desk: Desk) -> None:
        desk.tell(lamp_out(absorbed_by="feeder-fault", hold_ms=120_000))
        desk.wait(599_999)
        assert desk.cases() == []
        desk.wait(1)
        assert desk.only_case().problem == "lamp-out"

    def test_a_member_absorbed_later_is_merged_and_ends_with_the_group(self, desk: Desk) -> None:
        desk.policy.cleared = OnCleared.CLOSE
        lamp, fault = lamp_out(), feeder_fault()
        part = later(lamp, absorbed_by="feeder-fault")
        desk.tell(lamp, fault, part)
        own, group = desk.cases()
        assert (own.state, own.merged_into) == (State.MERGED, group.case_id)
        desk.tell(cleared(part))
        assert desk.cases()[1].state is State.DISPATCHED
        desk.tell(cleared(fault))
        assert desk.cases()[1].state is State.CLOSED

    def test_a_member_of_another_place_s_group_is_not_drawn_in(self, desk: Desk) -> None:
        desk.tell(feeder_fault(), lamp_out("L9", 9, absorbed_by="feeder-fault"))
        assert len(desk.only_case().events) == 1

    def test_members_join_by_area_too(self, desk: Desk) -> None:
        street = lamp_out("320582/110", 100, rule="dark-street", problem="dark-street")
        desk.tell(street, lamp_out("L1", 1, absorbed_by="dark-street"))
        assert len(desk.only_case().events) == 2


def test_a_suspended_case_that_recovers_is_checked(desk: Desk) -> None:
    event = lamp_out()
    desk.tell(event)
    case = desk.only_case()
    desk.book.act(case.case_id, Act("suspend", DISPATCHER, NOON_MS, note="storm"))
    desk.tell(cleared(event))
    assert desk.only_case().state is State.CHECKING


def test_people_and_events_act_on_one_case(desk: Desk) -> None:
    event = lamp_out()
    desk.policy.assignment = None
    desk.tell(event)
    case_id = desk.only_case().case_id
    steps: list[Callable[[], Case]] = [
        lambda: desk.book.act(case_id, Act("dispatch", DISPATCHER, NOON_MS, department="drainage", term=FOUR_HOURS)),
        lambda: desk.book.act(case_id, Act("take", DRAINAGE, NOON_MS)),
        lambda: desk.book.act(case_id, Act("handle", DRAINAGE, NOON_MS, note="new driver")),
    ]
    for step in steps:
        step()
    desk.tell(cleared(event))
    case = desk.only_case()
    assert case.state is State.CHECKING
    closed = desk.book.act(case_id, Act("close", OPERATOR, NOON_MS))
    desk.tell(lamp_out(event_id=5))
    assert closed.state is State.CLOSED
    assert len(desk.cases()) == 2


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_the_order_of_partitions_does_not_matter_in_the_end(desk: Desk, order: tuple[int, int, int]) -> None:
    """The log keeps the order of one subject only: the group's news and each member's may come in any order."""
    members = [lamp_out("L1", 1, hold_ms=60_000), lamp_out("L2", 2, hold_ms=60_000)]
    news = [
        [members[0], later(members[0], absorbed_by="feeder-fault")],
        [members[1], later(members[1], absorbed_by="feeder-fault")],
        [feeder_fault()],
    ]
    for place in order:
        desk.tell(*news[place])
    desk.wait(700_000)
    case = desk.only_case()
    assert (case.problem, len(case.events)) == ("feeder-fault", 3)


def test_an_unknown_event_that_ends_is_nothing(desk: Desk) -> None:
    desk.tell(lamp_out(event_id=uuid4().int, status=Status.CLEARED, cleared_at_ms=NOON_MS))
    assert desk.cases() == []


def test_an_event_that_leaves_its_case_for_a_group_s_ends_there(desk: Desk) -> None:
    """Its old case stays with the other event that it has; the group's waits for both of its own."""
    desk.policy.cleared = OnCleared.CLOSE
    lamp, dark, fault = lamp_out(), lamp_out(event_id=2, rule="lamp-dark"), feeder_fault()
    part = later(lamp, absorbed_by="feeder-fault")
    desk.tell(lamp, dark, fault, part)
    own, group = desk.cases()
    assert [one.open for one in own.events] == [True, False]
    assert {one.event_id for one in group.events} == {fault.event_id, lamp.event_id}
    desk.tell(cleared(fault), cleared(part))
    assert [case.state for case in desk.cases()] == [State.DISPATCHED, State.CLOSED]


def test_an_event_that_no_case_can_hold_stops_none_of_the_others(desk: Desk) -> None:
    beyond = lamp_out("L1", 1, lon=200.0)
    with desk.book.transaction() as transaction:
        for event in (lamp_out("L2", 2), beyond, lamp_out("L9", 9)):
            desk.intake.take_in(transaction, PublishedEvent(event, Transition.OPENED, NOON_MS), NOON_MS)
    assert sorted(case.subject or "" for case in desk.cases()) == ["L2", "L9"]
    assert [case.number for case in desk.cases()] == ["2026-000001", "2026-000002"]


def test_a_held_event_that_no_case_can_hold_is_left_out_once(desk: Desk) -> None:
    desk.tell(lamp_out("L1", 1, lon=200.0, hold_ms=1_000), lamp_out("L2", 2, hold_ms=1_000))
    desk.wait(1_000)
    assert desk.only_case().subject == "L2"
    with desk.book.database.reading() as connection:
        assert held_events.due(connection, desk.now_ms + 1_000_000) == []
