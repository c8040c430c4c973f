"""What stands in the history of a case, and why a call to the store was refused.

Refused ─┬─ UnknownCase   there is no such case
         ├─ Conflict      somebody else was first; the case as it stands now comes with it
         └─ KeyReused     an idempotency key came again with another report
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from cases.workflow.case import Case
from domain.errors import UrbansenseError


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step of a case, and the case after it. `details` are those of the act: department, term, the event …"""

    sequence: int
    revision: int
    transition: str
    actor: str
    at_ms: int
    note: str
    details: Mapping[str, Any]
    case: Case


@dataclass(frozen=True, slots=True)
class Publication:
    """One revision for `city.cases`; `body` is the case as JSON."""

    sequence: int
    case_id: UUID
    revision: int
    transition: str
    at_ms: int
    body: bytes

    @property
    def name(self) -> str:
        """The name of this revision among all others."""
        return f"{self.case_id}/{self.revision}"


class UnknownCase(UrbansenseError):
    """There is no case of that id or number."""


class Conflict(UrbansenseError):
    """The case is at another revision than expected. `case` is how it stands; `meanwhile` what was done since."""

    def __init__(self, case: Case, expected: int, meanwhile: tuple[HistoryEntry, ...]) -> None:
        done = ", ".join(f"{entry.transition} by {entry.actor}" for entry in meanwhile) or "nothing that is kept"
        super().__init__(f"{case.number} is at revision {case.revision}, not {expected}; since then: {done}")
        self.case = case
        self.meanwhile = meanwhile


class KeyReused(UrbansenseError):
    """The same key came with another report before. `case_id` is the case that report became."""

    def __init__(self, key: str, case_id: UUID) -> None:
        super().__init__(f"the key {key!r} stands for another report, now case {case_id}")
        self.case_id = case_id


def entry_of(row: Any) -> HistoryEntry:
    """The entry of a row of `cases_history`."""
    return HistoryEntry(
        row.sequence,
        row.revision,
        row.transition,
        row.actor,
        row.at_ms,
        row.note,
        orjson.loads(row.details),
        Case.model_validate_json(row.body),
    )
