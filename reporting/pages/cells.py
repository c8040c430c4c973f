"""What may stand in a cell of a page's table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias


class Marked(NamedTuple):
    """A text with the CSS class it is shown by; an empty one shows nothing."""

    text: str
    css: str


class Keyed(NamedTuple):
    """A text behind the key of a chart's colour."""

    text: str
    key: str


Cell: TypeAlias = str | Marked | Keyed
"""A text, the markup of a chart, or a text that is marked or keyed."""
Title: TypeAlias = Sequence[str]
"""English and Chinese, or English alone."""


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table under its title; the columns `numbers`, counted from 0, stand to the right."""

    title: Title
    heads: Sequence[Title]
    rows: Sequence[Sequence[Cell]]
    numbers: Sequence[int] = ()
