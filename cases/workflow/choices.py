"""What somebody may do to a case as it stands: the offers behind every button."""

from typing import Final
from uuid import UUID

from cases.workflow.case import Case, Term, TermUnit
from cases.workflow.performing import Act, perform
from cases.workflow.refusals import Illegal, Incomplete, NotAllowed
from cases.workflow.table import TRANSITIONS, Transition, legal_from
from domain.actors import Actor

_NOWHERE: Final = UUID(int=0)
_HOUR: Final = Term(unit=TermUnit.HOUR, amount=1)


class _AnyTimes:
    """Terms do not matter to whether something may be done."""

    def after(self, start_ms: int, term: Term) -> int:
        return start_ms

    def left(self, from_ms: int, to_ms: int, unit: TermUnit) -> int:
        return 0

    def resume(self, at_ms: int, left_ms: int, unit: TermUnit) -> int:
        return at_ms


def choices_for(case: Case, actor: Actor) -> tuple[Transition, ...]:
    """Every transition that would succeed with all it needs, in the table's order."""
    return tuple(TRANSITIONS[name] for name in legal_from(case.state, actor.roles) if _may(case, name, actor))


def _may(case: Case, name: str, actor: Actor) -> bool:
    department = f"not {case.department}"
    tried = Act(name, actor, 0, note="x", department=department, term=_HOUR, more=_HOUR, into=_NOWHERE)
    try:
        perform(case, tried, _AnyTimes())
    except (Illegal, NotAllowed, Incomplete):
        return False
    return True
