"""People at work on a book of cases: seeded, and any of them on any case."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from cases.storage import CaseQuery, CaseStore, Conflict
from cases.workflow.case import Case, Term, TermUnit
from cases.workflow.choices import choices_for
from cases.workflow.performing import Act
from cases.workflow.refusals import Refusal
from domain.actors import Actor, Role
from domain.errors import TransientFault

_DEPARTMENTS = ("drainage", "lighting", "roads")
_TERMS = tuple(Term(unit=TermUnit.HOUR, amount=amount) for amount in (2, 4, 8))


@dataclass
class Person:
    """Does something that is allowed, to a case as they last saw it. Keeps what was answered."""

    name: str
    random: Random
    done: list[tuple[UUID, int, str]] = field(default_factory=list)
    """Case, revision and transition of every act that was answered as done."""
    beaten: list[Conflict] = field(default_factory=list)
    refused: int = 0

    @property
    def actor(self) -> Actor:
        return Actor(self.name, frozenset({Role.ADMINISTRATOR}))

    def act(self, book: CaseStore, case: Case, at_ms: int, others: list[Case], leave: frozenset[str]) -> None:
        """One act on the case as it was seen. `leave` are transitions that this person does not do."""
        choices = [one.name for one in choices_for(case, self.actor) if one.name not in leave]
        if not choices:
            return
        act = self._act(self.random.choice(choices), at_ms, others)
        try:
            after = book.act(case.case_id, act, case.revision)
        except Conflict as conflict:
            self.beaten.append(conflict)
        except Refusal:
            self.refused += 1
        else:
            self.done.append((after.case_id, after.revision, act.transition))

    def _act(self, transition: str, at_ms: int, others: list[Case]) -> Act:
        pick = self.random.choice
        return Act(
            transition,
            self.actor,
            at_ms,
            note=f"{self.name} says so",
            department=pick(_DEPARTMENTS) if transition in ("dispatch", "hand_over") else None,
            term=pick(_TERMS) if transition in ("dispatch", "hand_over") else None,
            more=pick(_TERMS) if transition == "ask_extension" else None,
            into=pick(others).case_id if transition == "merge" else None,
        )


def some_case(book: CaseStore, random: Random, **query: object) -> Case | None:
    """Any of the newest hundred that match; None where there is none, or nobody answers."""
    try:
        found = book.find(CaseQuery(limit=100, **query)).items  # type: ignore[arg-type]
    except TransientFault:
        return None
    return random.choice(found) if found else None
