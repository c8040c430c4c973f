"""The transitions of a case: one table, from which the diagram, the API's answers and the refusals are made."""

from dataclasses import dataclass
from typing import Final

from cases.workflow.states import ENDED, WITH_DEPARTMENT, State
from domain.actors import Role

_EVERYWHERE: Final = frozenset(State)
_UNDER_WAY: Final = _EVERYWHERE - ENDED
_OPERATOR: Final = frozenset({Role.OPERATOR})
_DISPATCHER: Final = frozenset({Role.DISPATCHER})
_DEPARTMENT: Final = frozenset({Role.DEPARTMENT})
_SYSTEM: Final = frozenset({Role.SYSTEM})
_HANDLED: Final = frozenset({State.HANDLED})
_CHECKING: Final = frozenset({State.CHECKING})
_ANYBODY: Final = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.DEPARTMENT})


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing that can be done to a case.

    `to` is None where the state stays, and after `resume`, which goes back to where the case was. `by` are the roles that
    may do it; an administrator may do all that a person may. `needs` are the fields of the act that it cannot do without.
    """

    name: str
    title_en: str
    title_zh: str
    from_states: frozenset[State]
    to: State | None
    by: frozenset[Role]
    needs: tuple[str, ...] = ()


_TABLE: Final = (
    Transition("accept", "Accept", "受理", frozenset({State.REPORTED}), State.ACCEPTED, _OPERATOR | _SYSTEM),
    Transition(
        "reject", "Reject", "不予立案",
        frozenset({State.REPORTED, State.ACCEPTED, State.VERIFYING}), State.REJECTED, _OPERATOR, ("note",),
    ),
    Transition("send_to_verify", "Send to verify", "派核实", frozenset({State.ACCEPTED}), State.VERIFYING, _OPERATOR),
    Transition("verify", "Verified, file", "核实立案", frozenset({State.VERIFYING}), State.FILED, _OPERATOR),
    Transition("file", "File", "立案", frozenset({State.ACCEPTED}), State.FILED, _OPERATOR | _SYSTEM),
    Transition(
        "dispatch", "Dispatch", "派遣",
        frozenset({State.FILED}), State.DISPATCHED, _DISPATCHER | _SYSTEM, ("department", "term"),
    ),
    Transition("take", "Take on", "接单", frozenset({State.DISPATCHED}), State.IN_PROGRESS, _DEPARTMENT),
    Transition("return", "Return", "退单", WITH_DEPARTMENT, State.FILED, _DEPARTMENT, ("note",)),
    Transition("hand_over", "Hand over", "移交", WITH_DEPARTMENT, State.DISPATCHED, _DISPATCHER, ("department", "note")),
    Transition(
        "handle", "Report as handled", "处置反馈",
        frozenset({State.IN_PROGRESS}), State.HANDLED, _DEPARTMENT, ("note",),
    ),
    Transition("send_to_check", "Send to check", "派核查", _HANDLED, State.CHECKING, _OPERATOR | _SYSTEM),
    Transition("close", "Checked, close", "核查结案", _CHECKING, State.CLOSED, _OPERATOR | _SYSTEM),
    Transition("fail", "Check failed, rework", "核查不通过返工", _CHECKING, State.DISPATCHED, _OPERATOR, ("note",)),
    Transition(
        "ask_extension", "Ask for more time", "延期申请", WITH_DEPARTMENT, None, _DEPARTMENT, ("more", "note"),
    ),
    Transition("grant_extension", "Grant more time", "准予延期", WITH_DEPARTMENT, None, _DISPATCHER),
    Transition("refuse_extension", "Refuse more time", "不予延期", WITH_DEPARTMENT, None, _DISPATCHER, ("note",)),
    Transition("suspend", "Suspend", "挂账", WITH_DEPARTMENT, State.SUSPENDED, _DISPATCHER, ("note",)),
    Transition("resume", "Resume", "解挂", frozenset({State.SUSPENDED}), None, _DISPATCHER),
    Transition(
        "urge", "Urge", "督办",
        frozenset({State.DISPATCHED, State.IN_PROGRESS, State.HANDLED, State.CHECKING}), None, _OPERATOR | _DISPATCHER,
    ),
    Transition("merge", "Merge", "并案", _UNDER_WAY, State.MERGED, _OPERATOR | _DISPATCHER | _SYSTEM, ("into",)),
    Transition("reopen", "Reopen", "重新立案", frozenset({State.CLOSED}), State.FILED, _OPERATOR | _SYSTEM, ("note",)),
    Transition("reconsider", "Reconsider", "重新受理", frozenset({State.REJECTED}), State.REPORTED, _OPERATOR, ("note",)),
    Transition("attach", "Event joined", "事件关联", _UNDER_WAY, None, _SYSTEM, ("event",)),
    Transition("amend", "Event amended", "事件更新", _EVERYWHERE, None, _SYSTEM, ("event",)),
    Transition("detach", "Event ended", "事件解除", _EVERYWHERE, None, _SYSTEM, ("event",)),
    Transition(
        "recover", "Recovered, check", "自行恢复核查",
        WITH_DEPARTMENT | {State.FILED, State.HANDLED, State.SUSPENDED}, State.CHECKING, _SYSTEM,
    ),
    Transition("dissolve", "Recovered, close", "自行恢复结案", _UNDER_WAY, State.CLOSED, _SYSTEM),
    Transition("comment", "Comment", "备注", _EVERYWHERE, None, _ANYBODY | _SYSTEM, ("note",)),
)  # fmt: skip

TRANSITIONS: Final[dict[str, Transition]] = {transition.name: transition for transition in _TABLE}
"""Every transition by its name."""

REPORT: Final = "report"
"""How a case begins; it has no state before it."""


def legal_from(state: State, roles: frozenset[Role] | None = None) -> tuple[str, ...]:
    """The names of what can be done in a state, in the table's order; only what one of `roles` may do, if given."""
    return tuple(one.name for one in _TABLE if state in one.from_states and (roles is None or may(one, roles)))


def may(transition: Transition, roles: frozenset[Role]) -> bool:
    """Whether one of the roles allows it. An administrator may do what any person may."""
    people = transition.by - {Role.SYSTEM}
    return bool(transition.by & roles) or (bool(people) and Role.ADMINISTRATOR in roles)
