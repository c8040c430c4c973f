"""YAML with the place of every value beside it. All scalars stay text but true, false and null, so 0102 is a class code.

Anchors and aliases are refused: a policy needs none.
"""

from typing import Any, Final, NamedTuple

import yaml

from cases.policy.problems import BadPolicy, PolicyProblem

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final = {"true": True, "false": False}

Path = tuple[str | int, ...]


class SourcePlace(NamedTuple):
    line: int
    column: int


class Located(NamedTuple):
    """A document, and where each of its values stands: an entry where its key does, by the path of keys and indexes."""

    value: Any
    places: dict[Path, SourcePlace]

    def place_of(self, path: Path) -> SourcePlace:
        """Where a value stands; where there is none, what should hold it does."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, SourcePlace(1, 1))


def load_located(text: str, file: str) -> Located:
    """The one document of a text; an empty one is an empty mapping. Raises: BadPolicy."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise BadPolicy([PolicyProblem(file, line, column, f"not YAML: {error.problem or error.context}")]) from error
    except yaml.YAMLError as error:
        raise BadPolicy([PolicyProblem(file, 1, 1, f"not YAML: {str(error).splitlines()[0]}")]) from error
    reading = _Reading(file)
    value = {} if node is None else reading.value_of(node, ())
    if reading.problems:
        raise BadPolicy(reading.problems)
    return Located(value, reading.places)


class _Reading:
    def __init__(self, file: str) -> None:
        self.places: dict[Path, SourcePlace] = {}
        self.problems: list[PolicyProblem] = []
        self._file = file
        self._nodes: set[int] = set()

    def value_of(self, node: yaml.Node, path: Path) -> Any:
        if id(node) in self._nodes:
            self._refuse(node, "anchors and aliases are not taken here; write the value out")
            return None
        self._nodes.add(id(node))
        self.places.setdefault(path, _place(node))
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path)
            case yaml.SequenceNode():
                return [self.value_of(child, (*path, index)) for index, child in enumerate(node.value)]
            case yaml.ScalarNode():
                return _scalar(node)
        raise TypeError(f"a YAML node of kind {node!r}")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, "a key must be a word")
            elif key.value in read:
                self._refuse(key, f"{key.value!r} is given twice")
            else:
                self.places[(*path, key.value)] = _place(key)
                read[key.value] = self.value_of(child, (*path, key.value))
        return read

    def _refuse(self, node: yaml.Node, message: str) -> None:
        self.problems.append(PolicyProblem(self._file, *_place(node), message))


def _place(node: yaml.Node) -> SourcePlace:
    return SourcePlace(node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(node: yaml.ScalarNode) -> Any:
    if node.style in ('"', "'", "|", ">"):
        return node.value
    if node.tag.endswith(":null"):
        return None
    return _WORDS.get(node.value.lower(), node.value)
