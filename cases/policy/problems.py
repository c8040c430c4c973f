"""What is wrong with a policy document, and where."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import ConfigurationError


class PolicyProblem(NamedTuple):
    """One problem; `line` and `column` count from 1. Printed as `file:line:column: message`."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class BadPolicy(ConfigurationError):
    """A policy that cannot be followed; `found` holds every problem with its place."""

    def __init__(self, found: Sequence[PolicyProblem]) -> None:
        self.found: tuple[PolicyProblem, ...] = tuple(sorted(set(found)))
        super().__init__([str(problem) for problem in self.found])
