"""Rule documents that cannot be run."""

from collections.abc import Sequence

from documents.located_yaml.problems import LocatedProblem
from domain.errors import ConfigurationError


class BadRules(ConfigurationError):
    """Rule documents that cannot be run; `found` holds every problem with its place."""

    def __init__(self, found: Sequence[LocatedProblem]) -> None:
        self.found: tuple[LocatedProblem, ...] = tuple(sorted(found))
        super().__init__([str(problem) for problem in self.found])
