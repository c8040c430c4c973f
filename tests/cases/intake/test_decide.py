"""What is decided about an event, as a table: the event, what is known, the steps. No database."""

from typing import Any
from uuid import UUID

import pytest

from cases.intake import OnCleared
from cases.intake.decide import GROUP_PATIENCE_MS, decide, decide_due
from cases.intake.event_report import attached, report_of
from cases.intake.known import Known, Member
from cases.intake.steps import (
    NEW,
    AwaitGroup,
    DispatchByPolicy,
    Forget,
    Hold,
    LetGo,
    MoveEvent,
    OpenCase,
    Perform,
    Rest,
    Step,
)
from cases.workflow.case import Case
from cases.workflow.performing import Act
from cases.workflow.states import State
from domain.actors import SYSTEM
from domain.events import Event, Severity, Status
from tests.cases.intake.lamps import Policy, cleared, feeder_fault, lamp_out, later
from tests.cases.workflow.acting import NOON_MS

OWN, GROUP, OTHER = UUID(int=1001), UUID(int=1002), UUID(int=1003)
LAMP, DARK, FEEDER = lamp_out(), lamp_out(event_id=2, rule="lamp-dark"), feeder_fault()
PART = later(LAMP, absorbed_by="feeder-fault")
WORSE = later(LAMP, severity=Severity.CRITICAL)
WITHDRAWN = later(LAMP, status=Status.WITHDRAWN, reason="late data")
AGAIN = lamp_out(event_id=3, replaces=LAMP.event_id)
HELD = lamp_out(hold_ms=60_000)
PLACES = frozenset({"L1", "F1"})


def case(case_id: UUID, *events: Event, state: State = State.DISPATCHED, **fields: Any) -> Case:
    report = report_of(events[0], Policy())
    known = {
        **report.model_dump(exclude={"events"}),
        "events": tuple(attached(event) for event in events),
        "number": f"2026-{case_id.int:06d}",
        "revision": 4,
        "state": state,
        "reported_at_ms": NOON_MS,
    }
    return Case(case_id=case_id, **{**known, **fields})


def act(case_id: UUID, transition: str, **fields: Any) -> Perform:
    return Perform(case_id, Act(transition, SYSTEM, NOON_MS, **fields))


def attach(case_id: UUID, event: Event) -> Perform:
    return act(case_id, "attach", event=attached(event))


def amend(case_id: UUID, event: Event, severity: Severity | None = None) -> Perform:
    return act(case_id, "amend", event=attached(event), severity=severity)


def let_go(event: Event) -> list[Step]:
    return [Forget(event.event_id), LetGo(event.event_id)]


OPENED: dict[str, tuple[Event, Known, list[Step]]] = {
    "alone, it reports itself": (LAMP, Known(), [*let_go(LAMP), OpenCase(report_of(LAMP, Policy()))]),
    "of no weight, it is nothing": (lamp_out(severity=Severity.INFO), Known(), []),
    "held back, it waits": (HELD, Known(), [Forget(HELD.event_id), Hold(HELD, NOON_MS + 60_000)]),
    "held back already, it is old": (HELD, Known(waiting_revision=1), []),
    "held back already, a later revision is kept": (
        later(HELD), Known(waiting_revision=1), [Forget(HELD.event_id), Hold(later(HELD), NOON_MS + 60_000)],
    ),
    "of the same trouble, it joins that case, hold or no hold": (
        HELD, Known(same_trouble=case(OTHER, DARK)), [*let_go(HELD), attach(OTHER, HELD)],
    ),
    "replacing another, it joins that one's case": (
        AGAIN, Known(replaced=case(OWN, LAMP), same_trouble=case(OTHER, DARK)), [*let_go(AGAIN), attach(OWN, AGAIN)],
    ),
    "replacing one whose case was closed, it opens that again": (
        AGAIN,
        Known(replaced=case(OWN, cleared(LAMP), state=State.CLOSED)),
        [*let_go(AGAIN), act(OWN, "reopen", note="lamp-out again"), DispatchByPolicy(OWN), attach(OWN, AGAIN)],
    ),
    "replacing one whose report was not trusted, a dispatcher must decide": (
        AGAIN,
        Known(replaced=case(OWN, cleared(LAMP), state=State.CLOSED, trusted=False)),
        [*let_go(AGAIN), act(OWN, "reopen", note="lamp-out again"), attach(OWN, AGAIN)],
    ),
    "replacing one whose case was rejected, it goes on with the same trouble": (
        AGAIN,
        Known(replaced=case(OWN, LAMP, state=State.REJECTED), same_trouble=case(OTHER, DARK)),
        [*let_go(AGAIN), attach(OTHER, AGAIN)],
    ),
    "part of an unknown group, it waits for that": (
        PART, Known(), [LetGo(LAMP.event_id), AwaitGroup(PART, NOON_MS + GROUP_PATIENCE_MS)],
    ),
    "part of a known group, it joins that": (
        PART, Known(groups=(case(GROUP, FEEDER),)), [LetGo(LAMP.event_id), attach(GROUP, PART)],
    ),
    "a group's, it takes in what waits for it": (
        FEEDER,
        Known(members=(Member(PART, PLACES, None),)),
        [*let_go(FEEDER), OpenCase(report_of(FEEDER, Policy())), Forget(LAMP.event_id), attach(NEW, PART)],
    ),
    "a group's, it takes in the case of what waits for it": (
        FEEDER,
        Known(members=(Member(PART, PLACES, case(OWN, LAMP)),)),
        [
            *let_go(FEEDER), OpenCase(report_of(FEEDER, Policy())), Forget(LAMP.event_id), attach(NEW, PART),
            act(OWN, "merge", note="part of feeder-fault", into=NEW),
        ],
    ),
    "a group's, it leaves alone what waits for another": (
        FEEDER,
        Known(members=(Member(PART, frozenset({"L1", "F2"}), None),)),
        [*let_go(FEEDER), OpenCase(report_of(FEEDER, Policy()))],
    ),
}  # fmt: skip

FOLLOWED: dict[str, tuple[Event, Known, list[Step]]] = {
    "known already, it is old": (LAMP, Known(case(OWN, LAMP)), []),
    "later, it is amended": (later(LAMP), Known(case(OWN, LAMP)), [amend(OWN, later(LAMP))]),
    "worse, it makes its case worse": (WORSE, Known(case(OWN, LAMP)), [amend(OWN, WORSE, Severity.CRITICAL)]),
    "worse, it leaves an ended case as bad as it was": (
        WORSE, Known(case(OWN, LAMP, state=State.REJECTED)), [amend(OWN, WORSE)],
    ),
    "over, its case waits for the other event": (
        cleared(LAMP),
        Known(case(OWN, LAMP, DARK)),
        [Forget(LAMP.event_id), act(OWN, "detach", note="cleared", event=attached(cleared(LAMP)))],
    ),
    "over, as the last one it has its case checked": (
        cleared(LAMP),
        Known(case(OWN, LAMP)),
        [
            Forget(LAMP.event_id), act(OWN, "detach", note="cleared", event=attached(cleared(LAMP))),
            act(OWN, "recover", note="cleared"),
        ],
    ),
    "withdrawn before anybody looked, it closes its case": (
        WITHDRAWN,
        Known(case(OWN, LAMP, state=State.ACCEPTED)),
        [
            Forget(LAMP.event_id), act(OWN, "detach", note="late data", event=attached(WITHDRAWN)),
            act(OWN, "dissolve", note="late data"),
        ],
    ),
    "back after all, it opens its case again": (
        later(WITHDRAWN, status=Status.OPEN),
        Known(case(OWN, WITHDRAWN, state=State.CLOSED)),
        [
            act(OWN, "reopen", note="lamp-out again"), DispatchByPolicy(OWN),
            amend(OWN, later(WITHDRAWN, status=Status.OPEN)),
        ],
    ),
    "absorbed by an unknown group, it is amended and waits": (
        PART, Known(case(OWN, LAMP)), [AwaitGroup(PART, NOON_MS + GROUP_PATIENCE_MS), amend(OWN, PART)],
    ),
    "absorbed, its case is merged": (
        PART,
        Known(case(OWN, LAMP), groups=(case(GROUP, FEEDER),)),
        [attach(GROUP, PART), act(OWN, "merge", note="part of feeder-fault", into=GROUP)],
    ),
    "absorbed, it leaves a case that another event keeps open": (
        PART,
        Known(case(OWN, LAMP, DARK), groups=(case(GROUP, FEEDER),)),
        [
            attach(GROUP, PART),
            act(OWN, "detach", note="part of feeder-fault", event=attached(PART).model_copy(update={"open": False})),
            MoveEvent(LAMP.event_id, GROUP),
        ],
    ),
    "absorbed by a group in its own case, it is amended": (
        PART,
        Known(case(OWN, LAMP, FEEDER), groups=(case(OWN, LAMP, FEEDER),)),
        [amend(OWN, PART)],
    ),
    "an unknown one that is over is nothing": (cleared(LAMP), Known(), []),
    "one that waits and is over rests": (cleared(HELD), Known(waiting_revision=1), [Rest(cleared(HELD))]),
}  # fmt: skip


@pytest.mark.parametrize("named", OPENED)
def test_an_opened_event(named: str) -> None:
    event, known, steps = OPENED[named]
    assert list(decide(event, known, Policy(), NOON_MS)) == steps


@pytest.mark.parametrize("named", FOLLOWED)
def test_a_later_revision(named: str) -> None:
    event, known, steps = FOLLOWED[named]
    assert list(decide(event, known, Policy(), NOON_MS)) == steps


@pytest.mark.parametrize(
    ("wanted", "transition"), [(OnCleared.CHECK, "recover"), (OnCleared.CLOSE, "dissolve"), (OnCleared.LEAVE, None)]
)
def test_what_becomes_of_a_case_that_is_over_is_the_policy_s(wanted: OnCleared, transition: str | None) -> None:
    policy = Policy()
    policy.cleared = wanted
    steps = decide(cleared(LAMP), Known(case(OWN, LAMP)), policy, NOON_MS)[2:]
    assert [step.act.transition for step in steps if isinstance(step, Perform)] == ([transition] if transition else [])


def test_two_members_in_one_case_are_merged_with_it_once() -> None:
    other = lamp_out("L1", 2, rule="lamp-dark", absorbed_by="feeder-fault")
    own = case(OWN, cleared(LAMP), other)
    part = later(cleared(LAMP), status=Status.OPEN, absorbed_by="feeder-fault")
    members = (Member(part, PLACES, own), Member(other, PLACES, own))
    steps = decide(FEEDER, Known(members=members), Policy(), NOON_MS)
    assert [step.act.transition for step in steps if isinstance(step, Perform)] == [
        "attach", "detach", "attach", "merge",
    ]  # fmt: skip


def test_what_waited_long_enough_is_a_case_of_its_own_though_its_group_is_unknown() -> None:
    assert decide_due(PART, Known(), Policy(), NOON_MS) == (OpenCase(report_of(PART, Policy())),)
    assert decide_due(HELD, Known(same_trouble=case(OTHER, DARK)), Policy(), NOON_MS) == (attach(OTHER, HELD),)
    assert decide_due(HELD, Known(case(OWN, HELD)), Policy(), NOON_MS) == ()
