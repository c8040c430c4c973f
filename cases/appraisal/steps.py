"""What an appraisal needs to know of a case: where it came from, and its steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cases.workflow.case import Deadline


class Step(NamedTuple):
    """One transition. `department` is who was given the case, `deadline` what held after; None where the step sets none.

    Time: epoch ms.
    """

    transition: str
    at_ms: int
    department: str | None = None
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True)
class CaseSteps:
    """One case with its steps in order; steps that no indicator asks about may be left out (see `facts.RELEVANT`)."""

    source: str
    problem: str
    area: str | None
    reported_at_ms: int
    steps: Sequence[Step]
