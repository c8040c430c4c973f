"""What happens to a new case by itself, whoever reported it."""

from cases.intake.ports import IntakePolicy
from cases.storage import CaseTransaction
from cases.workflow.case import Case
from cases.workflow.performing import Act
from domain.actors import SYSTEM


def take_automatic_steps(transaction: CaseTransaction, case: Case, policy: IntakePolicy, now_ms: int) -> Case:
    """The case after the steps that need nobody: accepted; filed where it is trusted; dispatched by a rule."""
    case = transaction.act(case.case_id, Act("accept", SYSTEM, now_ms))
    if not case.trusted:
        return case
    case = transaction.act(case.case_id, Act("file", SYSTEM, now_ms))
    return dispatch_by_policy(transaction, case, policy, now_ms)


def dispatch_by_policy(transaction: CaseTransaction, case: Case, policy: IntakePolicy, now_ms: int) -> Case:
    """The case, filed before, with the department that a rule sends it to; as it was where a dispatcher must decide."""
    assignment = policy.assign(case)
    if assignment is None or not assignment.automatic:
        return case
    act = Act("dispatch", SYSTEM, now_ms, department=assignment.department, term=assignment.term)
    return transaction.act(case.case_id, act)
