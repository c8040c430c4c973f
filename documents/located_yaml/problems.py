"""What is wrong with a document that somebody wrote, and where."""

from typing import NamedTuple


class LocatedProblem(NamedTuple):
    """One problem; `line` and `column` count from 1. Printed as `file:line:column: message`."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"
