"""YAML that remembers where everything stood, within bounds that no document can exceed.

Anchors and aliases are refused: a rule needs none, and they are how a small file becomes a huge or endless one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from documents.located_yaml.problems import LocatedProblem

MAX_BYTES: Final = 256 * 1024
MAX_NESTING: Final = 12

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class LocatedValue:
    """A value and its place. `value` is a str, float, int, bool, None, a list of Marked, or a dict of str to Marked.

    `line` and `column` count from 1; `indent` is what to add to the column to reach the text of a scalar (1 inside quotes),
    None where a text's characters do not stand side by side as they are (folded, escaped or in a block).
    """

    value: Any
    line: int
    column: int
    key: "LocatedValue | None" = None
    indent: int | None = 0
    start: int = 0
    end: int = 0

    def problem(self, file: str, message: str) -> LocatedProblem:
        return LocatedProblem(file, self.line, self.column, message)

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {name: entry.plain() for name, entry in self.value.items()}
        return [entry.plain() for entry in self.value] if isinstance(self.value, list) else self.value


class BadYaml(Exception):
    """A text that is no YAML, or none that is taken here; `problems` says where."""

    def __init__(self, problems: list[LocatedProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def load_yaml(text: str, file: str) -> list[LocatedValue]:
    """The documents of a YAML text, empty ones left out.

    Shape: times such as 2026-06-01T21:00:00+08:00 stay text, so do yes, no, on and off. Raises: BadYaml.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise BadYaml([LocatedProblem(file, 1, 1, f"the document is larger than {MAX_BYTES // 1024} KiB")])
    try:
        _check_bounds(text, file)
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise BadYaml([LocatedProblem(file, line, column, f"not YAML: {error.problem or error.context}")]) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise BadYaml([LocatedProblem(file, 1, 1, f"not YAML: {str(error).splitlines()[0]}")]) from error
    problems: list[LocatedProblem] = []
    documents = [_marked(node, file, problems) for node in nodes if node is not None]
    if problems:
        raise BadYaml(problems)
    return [document for document in documents if document.value is not None]


def _check_bounds(text: str, file: str) -> None:
    depth = 0
    event: Any
    for event in yaml.parse(text, Loader=_Loader):
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadYaml([LocatedProblem(file, *place, "anchors and aliases are not taken here; write the value out")])
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > MAX_NESTING:
                raise BadYaml([LocatedProblem(file, *place, f"nested deeper than {MAX_NESTING} levels")])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1


def _marked(
    node: yaml.Node, file: str, problems: list[LocatedProblem], key: LocatedValue | None = None
) -> LocatedValue:
    mark, end = node.start_mark, node.end_mark
    value: Any
    indent: int | None = 0
    match node:
        case yaml.MappingNode():
            value = dict(_entries(node, file, problems))
        case yaml.SequenceNode():
            value = [_marked(child, file, problems) for child in node.value]
        case yaml.ScalarNode():
            value, indent = _scalar(node), _indent(node)
        case _:
            raise TypeError(f"a YAML node of kind {node!r}")
    return LocatedValue(value, mark.line + 1, mark.column + 1, key, indent, mark.index, end.index)


def _entries(node: yaml.MappingNode, file: str, problems: list[LocatedProblem]) -> Iterator[tuple[str, LocatedValue]]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        key = _marked(key_node, file, problems)
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(key.problem(file, "a key must be a word"))
        elif key_node.value in seen:
            problems.append(key.problem(file, f"{key_node.value!r} is given twice"))
        else:
            seen.add(key_node.value)
            yield key_node.value, _marked(value_node, file, problems, key)


def _scalar(node: yaml.ScalarNode) -> Any:
    kind = node.tag.rpartition(":")[2]
    if node.style or kind not in ("int", "float", "bool", "null"):
        return node.value
    if kind == "bool":
        return {"true": True, "false": False}.get(node.value.lower(), node.value)
    if kind == "null":
        return None
    try:
        return int(node.value) if kind == "int" else float(node.value)
    except ValueError:
        return node.value


def _indent(node: yaml.ScalarNode) -> int | None:
    one_line = node.start_mark.line == node.end_mark.line
    quotes = 2 if node.style in ('"', "'") else 0
    as_is = node.end_mark.index - node.start_mark.index == len(node.value) + quotes
    return quotes // 2 if one_line and as_is and node.style not in ("|", ">") else None
