"""What is wrong with a record that was offered to the registry, as values, and the one error that carries them."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import UrbansenseError


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """One thing wrong with one record. `subject` is its key; `column` the field, empty where it is the whole record."""

    subject: str
    column: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.subject}{', ' if self.column else ''}{self.column}: {self.what}; {self.remedy}"


class InvalidRecords(UrbansenseError):
    """Records that the registry refused, all problems at once, never empty. Nothing of the call was written."""

    def __init__(self, problems: Sequence[RecordProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class VersionConflict(UrbansenseError):
    """Somebody else changed the record meanwhile: it has another version than the editor saw. Nothing was written."""

    def __init__(self, subject: str, expected: int, version: int) -> None:
        self.subject, self.expected, self.version = subject, expected, version
        super().__init__(f"{subject} has version {version}, not {expected}: read it again and repeat the change")
