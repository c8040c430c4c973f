"""Who asks, and which cases they may see."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from cases.storage import CaseQuery
from cases.workflow import Actor, Case, Role, covers

VOUCHING: Final = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.ADMINISTRATOR})
"""Who may say that a report comes from a source that the policy trusts."""
_SEES_ALL: Final = frozenset(Role) - {Role.DEPARTMENT}
NO_DEPARTMENT: Final = ("",)


def current_actor(request: Request) -> Actor:
    """Who asks, as the gate found. Raises: AttributeError where no gate stands before the route."""
    known: Any = request.state.actor
    assert isinstance(known, Actor)
    return known


CurrentActor = Annotated[Actor, Depends(current_actor)]


def sees(actor: Actor, case: Case) -> bool:
    """Whether a case is the actor's to see: in their areas and, for one who only is of a department, with it."""
    return covers(actor, case.area) and (bool(actor.roles & _SEES_ALL) or case.department in actor.departments)


def in_sight(query: CaseQuery, actor: Actor) -> CaseQuery:
    """The same query, among the cases that the actor sees."""
    departments = () if actor.roles & _SEES_ALL else tuple(sorted(actor.departments)) or NO_DEPARTMENT
    return replace(query, areas=actor.areas, departments=departments)
