"""YAML that remembers where everything stood, within bounds that no document can exceed.

text ──▶ bounds, by events ──▶ nodes (PyYAML) ──▶ LocatedTree: values with line and column ──▶ load_yaml here,
                                                                                    load_document in document.py

The bounds are judged before a node is made: PyYAML goes down into a nested text by the stack of C, whose end is the end
of the process. Anchors and aliases are refused where people write rules: a rule needs none, and they are how a small file
becomes a huge or endless one; where they are taken, what they stand for counts each time.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import yaml

from documents.located_yaml.problems import LocatedProblem

MAX_BYTES: Final = 256 * 1024
MAX_NESTING: Final = 12
MAX_VALUES: Final = 50_000
MAX_DOCUMENTS: Final = 500
MAX_NUMBER: Final = 4_000
"""Characters of what may be a number: YAML 1.1 knows them in base 60, which cost their square."""

_NO_NUMBER: Final = re.compile(r"[^0-9A-Fa-f_:.+xo-]")

FAST_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NO_ALIASES: Final = "anchors and aliases are not taken here; write the value out"


@dataclass(frozen=True, slots=True)
class LocatedValue:
    """A value and its place. `value` is a str, float, int, bool, None, a list of these, or a dict of str to
    these.

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
    """A text that is no YAML, or none that is taken here; `problems` hold the places."""

    def __init__(self, problems: list[LocatedProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class NotYaml(BadYaml):
    """A text that is no YAML at all. `line` counts from 1, None where the parser names no place; `reason` is its words."""

    def __init__(self, file: str, line: int | None, column: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        message = reason if line is not None else reason.splitlines()[0]
        super().__init__([LocatedProblem(file, line or 1, column, f"not YAML: {message}")])


def load_yaml(text: str, file: str) -> list[LocatedValue]:
    """The documents of a YAML text, empty ones left out.

    Shape: times such as 2026-06-01T21:00:00+08:00 stay text, so do yes, no, on and off. Raises: BadYaml.
    """
    with yaml_errors_in(file):
        check_bounds(text, file, Aliases.REFUSED)
        nodes = list(yaml.compose_all(text, Loader=FAST_LOADER))
    tree = LocatedTree(file, _scalar)
    documents = [tree.value_of(node) for node in nodes if node is not None]
    if tree.problems:
        raise BadYaml(tree.problems)
    return [document for document in documents if document.value is not None]


@contextmanager
def yaml_errors_in(file: str) -> Iterator[None]:
    """Errors of PyYAML become NotYaml, at the place that it names.

    Its constructors raise whatever the types behind a tag raise: 2026-13-45 is written like a date, and is none.
    """
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise NotYaml(file, line, column, str(error.problem or error.context)) from error
    except RecursionError as error:
        raise NotYaml(file, None, 1, "nested too deep") from error
    except (yaml.YAMLError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise NotYaml(file, None, 1, str(error) or type(error).__name__) from error


class LocatedTree:
    """Nodes of PyYAML as located values; what is wrong with them gathers in `problems`, in the order of the text.

    `read_scalar` gives the value of a scalar. Of a key that is given twice the last value counts, and the later key is
    one of `repeated`. A node that comes again, by an alias, is a problem unless `takes_aliases`.
    """

    def __init__(
        self, file: str, read_scalar: Callable[[yaml.ScalarNode], Any], *, takes_aliases: bool = False
    ) -> None:
        self.problems: list[LocatedProblem] = []
        self.repeated: list[LocatedValue] = []
        self._file = file
        self._read_scalar = read_scalar
        self._takes_aliases = takes_aliases
        self._seen: set[int] = set()

    def value_of(self, node: yaml.Node, key: LocatedValue | None = None) -> LocatedValue:
        """The value of a node and of all below it."""
        if not self._takes_aliases:
            if id(node) in self._seen:
                place = LocatedValue(None, node.start_mark.line + 1, node.start_mark.column + 1, key)
                self.problems.append(place.problem(self._file, NO_ALIASES))
                return place
            self._seen.add(id(node))
        value: Any
        indent: int | None = 0
        match node:
            case yaml.MappingNode():
                value = self._entries(node)
            case yaml.SequenceNode():
                value = [self.value_of(child) for child in node.value]
            case yaml.ScalarNode():
                value, indent = self._read_scalar(node), _indent(node)
            case _:
                raise TypeError(f"a YAML node of kind {node!r}")
        return _located(node, value, key, indent)

    def _entries(self, node: yaml.MappingNode) -> dict[str, LocatedValue]:
        read: dict[str, LocatedValue] = {}
        for key_node, value_node in node.value:
            key = _located(key_node, key_node.value)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(key.problem(self._file, "a key must be a word"))
                continue
            if key.value in read:
                self.problems.append(key.problem(self._file, f"{key.value!r} is given twice"))
                self.repeated.append(key)
            read[key.value] = self.value_of(value_node, key)
        return read


def _located(node: yaml.Node, value: Any, key: LocatedValue | None = None, indent: int | None = 0) -> LocatedValue:
    mark, end = node.start_mark, node.end_mark
    return LocatedValue(value, mark.line + 1, mark.column + 1, key, indent, mark.index, end.index)


class Aliases(Enum):
    """What is done with anchors and aliases: refused by the bounds; left to LocatedTree; or counted as what they are."""

    REFUSED = "refused"
    UNREAD = "unread"
    TAKEN = "taken"


def check_bounds(text: str, file: str, aliases: Aliases) -> None:
    """Raises: BadYaml for a text that is too large, nests too deep or stands for too many values; yaml.YAMLError."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise BadYaml([LocatedProblem(file, 1, 1, f"the document is larger than {MAX_BYTES // 1024} KiB")])
    counted = _Counted(aliases)
    event: Any
    for event in yaml.parse(text, Loader=FAST_LOADER):
        problem = counted.take(event)
        if problem is not None:
            raise BadYaml([LocatedProblem(file, event.start_mark.line + 1, event.start_mark.column + 1, problem)])


class _Counted:
    """The values of a text so far: in each collection that is open, and behind each anchor."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases
        self._open: list[tuple[str | None, int]] = [(None, 0)]
        self._behind: dict[str, int] = {}
        self._documents = 0

    def take(self, event: Any) -> str | None:
        """What is wrong from this event on."""
        anchor = getattr(event, "anchor", None)
        if anchor is not None and self._aliases is Aliases.REFUSED:
            return NO_ALIASES
        match event:
            case yaml.AliasEvent():
                # Of one that is still open nothing is known; of one that was never there PyYAML complains.
                if self._aliases is Aliases.TAKEN and anchor in (name for name, _ in self._open):
                    return "an anchor cannot stand in itself"
                return self._add(self._behind.get(str(anchor), 1) if self._aliases is Aliases.TAKEN else 1)
            case yaml.DocumentStartEvent():
                self._documents += 1
                return f"more than {MAX_DOCUMENTS} documents" if self._documents > MAX_DOCUMENTS else None
            case yaml.ScalarEvent():
                if not event.style and len(event.value) > MAX_NUMBER and _NO_NUMBER.search(event.value) is None:
                    return f"a number longer than {MAX_NUMBER} characters; put it in quotes"
                if anchor is not None:
                    self._behind[anchor] = 1
                return self._add(1)
            case yaml.CollectionStartEvent():
                self._open.append((anchor, 0))
                too_deep = len(self._open) > MAX_NESTING + 1
                return f"nested deeper than {MAX_NESTING} levels" if too_deep else None
            case yaml.CollectionEndEvent():
                name, values = self._open.pop()
                if name is not None:
                    self._behind[name] = values + 1
                return self._add(values + 1)
        return None

    def _add(self, values: int) -> str | None:
        name, sum_so_far = self._open[-1]
        self._open[-1] = name, sum_so_far + values
        return f"more than {MAX_VALUES} values" if sum_so_far + values > MAX_VALUES else None


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
