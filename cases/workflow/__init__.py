"""The state machine of a case: pure, its transitions one table."""

from cases.workflow.case import Attached, Case, Deadline, Extension, Source, Term, TermUnit
from cases.workflow.performing import SYSTEM, Act, Actor, Times, covers, perform
from cases.workflow.refusals import Illegal, Incomplete, NotAllowed, Refusal
from cases.workflow.states import Role, State
from cases.workflow.table import TRANSITIONS, Transition, legal_from

__all__ = [
    "SYSTEM",
    "TRANSITIONS",
    "Act",
    "Actor",
    "Attached",
    "Case",
    "Deadline",
    "Extension",
    "Illegal",
    "Incomplete",
    "NotAllowed",
    "Refusal",
    "Role",
    "Source",
    "State",
    "Term",
    "TermUnit",
    "Times",
    "Transition",
    "covers",
    "legal_from",
    "perform",
]
