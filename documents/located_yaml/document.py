"""One document of a YAML text, and where each of its values stands by the path of keys and indexes that leads to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import (
    FAST_LOADER,
    Aliases,
    BadYaml,
    LocatedTree,
    LocatedValue,
    NotYaml,
    check_bounds,
    yaml_errors_in,
)

_WORDS: Final = {"true": True, "false": False}

Path = Sequence[str | int]


class SourcePlace(NamedTuple):
    """Where something stands; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class LocatedDocument:
    """`value` is plain, without places; `root` has them. `repeated` are the keys that are given again in a mapping."""

    file: str
    value: Any
    root: LocatedValue
    repeated: tuple[LocatedValue, ...] = ()

    def nearest(self, path: Path) -> LocatedValue:
        """What stands at the path; where there is nothing, what should hold it."""
        found = self.root
        for step in path:
            match found.value:
                case dict() if str(step) in found.value:
                    found = found.value[str(step)]
                case list() if isinstance(step, int) and 0 <= step < len(found.value):
                    found = found.value[step]
                case _:
                    return found
        return found

    def place_of(self, path: Path) -> SourcePlace:
        """The place of `nearest`: an entry of a mapping stands where its key does."""
        found = self.nearest(path)
        where = found.key or found
        return SourcePlace(where.line, where.column)

    def problem(self, path: Path, message: str) -> LocatedProblem:
        """A problem at `place_of`."""
        return LocatedProblem(self.file, *self.place_of(path), message)


def load_document(text: str, file: str) -> LocatedDocument:
    """The one document of a text; an empty one is an empty mapping.

    Shape: all scalars stay text but true, false and null, so 0102 is a class code. Anchors that are used, keys that are
    no words and keys that are given twice are refused. Raises: BadYaml with every problem.
    """
    with yaml_errors_in(file):
        check_bounds(text, file, Aliases.UNREAD)
        node = yaml.compose(text, Loader=FAST_LOADER)
    if node is None:
        return LocatedDocument(file, {}, LocatedValue({}, 1, 1))
    tree = LocatedTree(file, _text)
    root = tree.value_of(node)
    if tree.problems:
        raise BadYaml(tree.problems)
    return LocatedDocument(file, root.plain(), root)


def load_typed_document(text: str, file: str) -> LocatedDocument:
    """The one document of a text, its scalars numbers and dates by the rules of YAML 1.1; an empty one is None.

    Anchors, aliases and merges are taken; of a key that is given twice the last value counts, and `repeated` names it.
    Raises: BadYaml, and of its kind NotYaml.
    """
    with yaml_errors_in(file):
        check_bounds(text, file, Aliases.TAKEN)
        loader: Any = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return LocatedDocument(file, None, LocatedValue(None, 1, 1))
            tree = LocatedTree(file, _as_written, takes_aliases=True)
            root = tree.value_of(node)
            return LocatedDocument(file, _constructed(loader, node, file), root, tuple(tree.repeated))
        finally:
            loader.dispose()


def _constructed(loader: Any, node: yaml.Node, file: str) -> Any:
    """The plain value. Raises: NotYaml for what looks like a number or a date and is none, or is too long for one."""
    try:
        return loader.construct_document(node)
    except (ValueError, OverflowError) as error:
        raise NotYaml(file, None, 1, f"a number or date that cannot be read: {error}") from error


def _as_written(node: yaml.ScalarNode) -> str:
    return str(node.value)


def _text(node: yaml.ScalarNode) -> Any:
    if node.style in ('"', "'", "|", ">"):
        return node.value
    if node.tag.endswith(":null"):
        return None
    return _WORDS.get(node.value.lower(), node.value)
