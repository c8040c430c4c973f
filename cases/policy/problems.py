"""Why a policy document cannot be followed, with every problem at its place."""

from collections.abc import Sequence

from documents.located_yaml.document import LocatedDocument, load_document
from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import BadYaml
from domain.errors import ConfigurationError


class BadPolicy(ConfigurationError):
    """A policy that cannot be followed; `found` holds every problem with its place."""

    def __init__(self, found: Sequence[LocatedProblem]) -> None:
        self.found: tuple[LocatedProblem, ...] = tuple(sorted(set(found)))
        super().__init__([str(problem) for problem in self.found])


def load_policy_yaml(text: str, file: str) -> LocatedDocument:
    """The one document of a text, see `load_document`. Raises: BadPolicy."""
    try:
        return load_document(text, file)
    except BadYaml as error:
        raise BadPolicy(error.problems) from error
