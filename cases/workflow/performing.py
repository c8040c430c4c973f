"""Doing something to a case: the case as it stands then, or why not. Pure: who and when are arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from cases.workflow.case import Attached, Case, Deadline, Extension, Term, TermUnit
from cases.workflow.refusals import Illegal, Incomplete, NotAllowed
from cases.workflow.states import State
from cases.workflow.table import TRANSITIONS, Transition, legal_from, may
from domain.actors import Actor, Role, covers
from domain.events import Severity

_T = TypeVar("_T")


class Times(Protocol):
    """Terms on the city's calendar. Pure."""

    def after(self, start_ms: int, term: Term) -> int:
        """The instant at which a term that starts then is over."""

    def left(self, from_ms: int, to_ms: int, unit: TermUnit) -> int:
        """How much time of that unit's kind lies in [from_ms, to_ms), ms; 0 where to_ms is not later."""

    def resume(self, at_ms: int, left_ms: int, unit: TermUnit) -> int:
        """The instant by which `left_ms` of that unit's kind of time has passed since `at_ms`."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants to do. Fields beyond the first three are needed by some transitions only."""

    transition: str
    actor: Actor
    at_ms: int
    note: str = ""
    department: str | None = None
    term: Term | None = None
    more: Term | None = None
    into: UUID | None = None
    event: Attached | None = None
    severity: Severity | None = None
    details: Mapping[str, str] = field(default_factory=dict)


def perform(case: Case, act: Act, times: Times) -> Case:
    """The case after the act, one revision on.

    Raises: Illegal (unknown or not from here; the legal ones are named), NotAllowed, Incomplete.
    """
    transition = TRANSITIONS.get(act.transition)
    if transition is None or case.state not in transition.from_states:
        what = (
            f"{act.transition!r} is no transition"
            if transition is None
            else f"a {case.state} case cannot {act.transition}"
        )
        raise Illegal(f"{case.number}: {what}", legal_from(case.state))
    _check_actor(case, transition, act.actor)
    missing = [name for name in transition.needs if not getattr(act, name)]
    if missing:
        raise Incomplete(f"{case.number}: {act.transition} needs {', '.join(missing)}", missing)
    changes = _EFFECTS.get(act.transition, _nothing)(case, act, times)
    return case.model_copy(update={"state": transition.to or case.state, **changes, "revision": case.revision + 1})


def _check_actor(case: Case, transition: Transition, actor: Actor) -> None:
    if not may(transition, actor.roles):
        who = ", ".join(sorted(role for role in transition.by if role is not Role.SYSTEM)) or "urbansense itself"
        raise NotAllowed(f"{case.number}: {transition.name} is for {who}")
    if not covers(actor, case.area):
        raise NotAllowed(f"{case.number}: {case.area} is not in the area of {actor.name}")
    by_department = transition.by & actor.roles == {Role.DEPARTMENT} and Role.ADMINISTRATOR not in actor.roles
    if by_department and case.department not in actor.departments:
        raise NotAllowed(f"{case.number}: it is with {case.department or 'no department'}, not with {actor.name}'s")


Effect = Callable[[Case, Act, Times], dict[str, Any]]


def _nothing(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {}


def _file(case: Case, act: Act, times: Times) -> dict[str, Any]:
    if not case.trusted:
        legal = tuple(name for name in legal_from(case.state) if name != "file")
        raise Illegal(f"{case.number}: a report that nobody vouches for must be verified first", legal)
    return _filed(case, act, times)


def _filed(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"filed_at_ms": act.at_ms}


def _dispatch(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {
        "department": act.department,
        "handler": None,
        "dispatches": case.dispatches + 1,
        "dispatched_at_ms": act.at_ms,
        "deadline": _started(_given(act.term, case, act, "term"), act.at_ms, times),
        "extension": None,
    }


def _take(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"handler": act.actor.name}


def _return(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"returns": case.returns + 1, "department": None, "handler": None, "deadline": None, "extension": None}


def _hand_over(case: Case, act: Act, times: Times) -> dict[str, Any]:
    if act.department == case.department:
        raise Incomplete(f"{case.number}: it is with {act.department} already", ("department",))
    return _dispatch(case, replace(act, term=act.term or _deadline_of(case).term), times)


def _handle(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"handled_at_ms": act.at_ms, "extension": None}


def _close(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"closed_at_ms": act.at_ms, "extension": None}


def _fail(case: Case, act: Act, times: Times) -> dict[str, Any]:
    """A rework has a term of its own, as long as the first."""
    again = {"reworks": case.reworks + 1, "handled_at_ms": None}
    if case.deadline is None:
        return {**again, "state": State.FILED}
    return {**again, "dispatched_at_ms": act.at_ms, "deadline": _started(case.deadline.term, act.at_ms, times)}


def _ask_extension(case: Case, act: Act, times: Times) -> dict[str, Any]:
    if case.extension is not None:
        raise Illegal(f"{case.number}: more time is asked for already", ("grant_extension", "refuse_extension"))
    more, unit = _given(act.more, case, act, "more"), _deadline_of(case).term.unit
    if more.unit is not unit:
        raise Incomplete(f"{case.number}: its term counts in {unit}; ask for more of these", ("more",))
    return {"extension": Extension(more=more, asked_at_ms=act.at_ms, note=act.note)}


def _grant_extension(case: Case, act: Act, times: Times) -> dict[str, Any]:
    """The new term begins where the old one ends, whenever it is granted."""
    if case.extension is None or case.deadline is None:
        raise Illegal(f"{case.number}: nobody asked for more time", ("ask_extension",))
    due_ms = times.after(case.deadline.due_at_ms, case.extension.more)
    return {
        "deadline": case.deadline.model_copy(update={"due_at_ms": due_ms}),
        "extension": None,
        "extensions": case.extensions + 1,
    }


def _refuse_extension(case: Case, act: Act, times: Times) -> dict[str, Any]:
    if case.extension is None:
        raise Illegal(f"{case.number}: nobody asked for more time", ("ask_extension",))
    return {"extension": None}


def _suspend(case: Case, act: Act, times: Times) -> dict[str, Any]:
    deadline = _deadline_of(case)
    left_ms = times.left(act.at_ms, deadline.due_at_ms, deadline.term.unit)
    return {"resumes_to": case.state, "deadline": deadline.model_copy(update={"left_ms": left_ms})}


def _resume(case: Case, act: Act, times: Times) -> dict[str, Any]:
    """What was overdue before stays due at the same instant."""
    deadline = _deadline_of(case)
    due_ms = times.resume(act.at_ms, deadline.left_ms, deadline.term.unit) if deadline.left_ms else deadline.due_at_ms
    return {
        "state": case.resumes_to,
        "resumes_to": None,
        "deadline": deadline.model_copy(update={"due_at_ms": due_ms, "left_ms": None}),
    }


def _urge(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"urges": case.urges + 1}


def _merge(case: Case, act: Act, times: Times) -> dict[str, Any]:
    if act.into == case.case_id:
        raise Incomplete(f"{case.number}: a case cannot be merged into itself", ("into",))
    return {"merged_into": act.into, "closed_at_ms": act.at_ms, "extension": None, "resumes_to": None}


def _reopen(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"closed_at_ms": None, "handled_at_ms": None, "department": None, "handler": None, "deadline": None}


def _attach(case: Case, act: Act, times: Times) -> dict[str, Any]:
    joined = _given(act.event, case, act, "event")
    others = tuple(event for event in case.events if event.event_id != joined.event_id)
    return {"events": (*others, joined), "severity": act.severity or case.severity}


def _recover(case: Case, act: Act, times: Times) -> dict[str, Any]:
    return {"resumes_to": None, "extension": None}


def _given(value: _T | None, case: Case, act: Act, name: str) -> _T:
    if value is None:
        raise Incomplete(f"{case.number}: {act.transition} needs {name}", (name,))
    return value


def _deadline_of(case: Case) -> Deadline:
    """A case that is with a department, or was as it was suspended, has one."""
    if case.deadline is None:
        raise Illegal(f"{case.number}: no department has a term for it", legal_from(case.state))
    return case.deadline


def _started(term: Term, at_ms: int, times: Times) -> Deadline:
    return Deadline(term=term, started_at_ms=at_ms, due_at_ms=times.after(at_ms, term))


_EFFECTS: Final[Mapping[str, Effect]] = {
    "verify": _filed,
    "file": _file,
    "dispatch": _dispatch,
    "take": _take,
    "return": _return,
    "hand_over": _hand_over,
    "handle": _handle,
    "close": _close,
    "fail": _fail,
    "ask_extension": _ask_extension,
    "grant_extension": _grant_extension,
    "refuse_extension": _refuse_extension,
    "suspend": _suspend,
    "resume": _resume,
    "urge": _urge,
    "merge": _merge,
    "reopen": _reopen,
    "attach": _attach,
    "amend": _attach,
    "detach": _attach,
    "recover": _recover,
    "dissolve": _close,
}
