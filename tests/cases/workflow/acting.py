"""A case, people, and a calendar on which every hour counts: what the workflow's tests act with."""

from typing import Any
from uuid import UUID

from cases.workflow.case import Attached, Case, Source, Term, TermUnit
from cases.workflow.performing import Act, perform
from cases.workflow.states import State
from domain.actors import SYSTEM, Actor, Role
from domain.events import Severity, Text
from domain.time.units import HOUR_MS

NOON_MS = 1_780_000_000_000
FOUR_HOURS = Term(unit=TermUnit.HOUR, amount=4)
EVENT = Attached(event_id=UUID(int=7), rule="cover-open", subject="MH-1")
OTHER = UUID(int=99)

OPERATOR = Actor("olga", frozenset({Role.OPERATOR}))
DISPATCHER = Actor("dima", frozenset({Role.DISPATCHER}))
DRAINAGE = Actor("dora", frozenset({Role.DEPARTMENT}), frozenset({"drainage"}))
LIGHTING = Actor("lars", frozenset({Role.DEPARTMENT}), frozenset({"lighting"}))
ADMINISTRATOR = Actor("ada", frozenset({Role.ADMINISTRATOR}))
VIEWER = Actor("vera", frozenset({Role.VIEWER}))


class EveryHour:
    """Offices that never close."""

    def after(self, start_ms: int, term: Term) -> int:
        return start_ms + int(term.amount * HOUR_MS)

    def left(self, from_ms: int, to_ms: int, unit: TermUnit) -> int:
        return max(0, to_ms - from_ms)

    def resume(self, at_ms: int, left_ms: int, unit: TermUnit) -> int:
        return at_ms + left_ms


TIMES = EveryHour()
MAIN_PATH: tuple[tuple[str, Actor, dict[str, Any]], ...] = (
    ("accept", OPERATOR, {}),
    ("send_to_verify", OPERATOR, {}),
    ("verify", OPERATOR, {}),
    ("dispatch", DISPATCHER, {"department": "drainage", "term": FOUR_HOURS}),
    ("take", DRAINAGE, {}),
    ("handle", DRAINAGE, {"note": "cover put back"}),
    ("send_to_check", OPERATOR, {}),
    ("close", OPERATOR, {}),
)
"""From a report to the closed case."""


def reported(**fields: Any) -> Case:
    known: dict[str, Any] = {
        "case_id": UUID(int=1),
        "number": "2026-000001",
        "revision": 1,
        "state": State.REPORTED,
        "source": Source.INSPECTOR,
        "problem": "cover-open",
        "title": Text(en="Cover open", zh="井盖开启"),
        "severity": Severity.CRITICAL,
        "area": "320582/110/152/102",
        "occurred_at_ms": NOON_MS - 60_000,
        "reported_at_ms": NOON_MS,
    }
    return Case(**{**known, **fields})


def act(case: Case, transition: str, actor: Actor = SYSTEM, at_ms: int = NOON_MS, **fields: Any) -> Case:
    return perform(case, Act(transition, actor, at_ms, **fields), TIMES)


def case_in(state: State, **fields: Any) -> Case:
    """A case that came to a state on the main path, or from it."""
    case = reported(**fields)
    for transition, actor, details in MAIN_PATH:
        if case.state is state:
            return case
        case = act(case, transition, actor, **details)
    match state:
        case State.REJECTED:
            return act(reported(**fields), "reject", OPERATOR, note="no such place")
        case State.MERGED:
            return act(reported(**fields), "merge", OPERATOR, into=OTHER)
        case State.SUSPENDED:
            return act(case_in(State.IN_PROGRESS, **fields), "suspend", DISPATCHER, note="frost")
    return case
