"""Which cases somebody may see."""

from dataclasses import replace
from typing import Final

from cases.storage import CaseQuery
from cases.workflow.case import Case
from domain.actors import Actor, Role, covers

VOUCHING: Final = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.ADMINISTRATOR})
"""Whose reports from a source that the policy trusts are trusted."""
_SEES_ALL: Final = frozenset(Role) - {Role.DEPARTMENT}
NO_DEPARTMENT: Final = ("",)


def sees(actor: Actor, case: Case) -> bool:
    """Whether a case is the actor's to see: in their areas and, for one who only is of a department, with it."""
    return covers(actor, case.area) and (bool(actor.roles & _SEES_ALL) or case.department in actor.departments)


def visible_to(actor: Actor, query: CaseQuery) -> CaseQuery:
    """The same query, among the cases that the actor sees."""
    departments = () if actor.roles & _SEES_ALL else tuple(sorted(actor.departments)) or NO_DEPARTMENT
    return replace(query, areas=actor.areas, departments=departments)
