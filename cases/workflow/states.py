"""The states of a case."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a case stands (上报、受理、核实、立案、派遣、处置、核查、办结), in the order of the main path.

    Source: the seven steps of digital urban management, GB/T 30428.8; the side states are common practice.
    """

    REPORTED = "reported"
    ACCEPTED = "accepted"
    VERIFYING = "verifying"
    FILED = "filed"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    HANDLED = "handled"
    CHECKING = "checking"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    MERGED = "merged"


ENDED: Final = frozenset({State.CLOSED, State.REJECTED, State.MERGED})
"""States in which nobody waits for anybody."""

WITH_DEPARTMENT: Final = frozenset({State.DISPATCHED, State.IN_PROGRESS})
"""States in which the department is at work, and the clock runs."""

STATE_ZH: Final = {
    State.REPORTED: "上报",
    State.ACCEPTED: "受理",
    State.VERIFYING: "核实",
    State.FILED: "立案",
    State.DISPATCHED: "派遣",
    State.IN_PROGRESS: "处置中",
    State.HANDLED: "处置反馈",
    State.CHECKING: "核查",
    State.CLOSED: "结案",
    State.SUSPENDED: "挂账",
    State.REJECTED: "不予立案",
    State.MERGED: "并案",
}
