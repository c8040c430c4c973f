"""What is wrong with a rule document, and where."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import ConfigurationError


class Problem(NamedTuple):
    """One problem; `line` and `column` count from 1. Printed as `file:line:column: message`."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class BadRules(ConfigurationError):
    """Rule documents that cannot be run; `found` holds every problem with its place."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.found: tuple[Problem, ...] = tuple(sorted(found))
        super().__init__([str(problem) for problem in self.found])


class BadExpression(Exception):
    """A condition that cannot be run. `at` is the offset of the first character that is wrong."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        super().__init__(message)
