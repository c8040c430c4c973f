"""The glossary holds every word of the house's own, and what it points at is there."""

import re
from functools import cache
from importlib import import_module

import pytest

from domain.topics import Topics
from tests.architecture.source import PACKAGES, ROOT

KEPT = (
    "gap", "hold", "lateness", "settle", "tick", "fence", "outbox", "rejected", "ledger", "slot", "claim", "silence",
    "shadow", "case desk", "policy", "intake", "recorder", "correlator", "canonical quantity",
)  # fmt: skip
"""The words that stay although the field has other ones: those of the design, and the names of two processes and a unit."""

_MENTION = re.compile(rf"`((?:{'|'.join(PACKAGES)})[./][\w./]*)`")
_ROW = re.compile(r"^\| (?!word \||--- )(?P<cells>.+) \|$", re.MULTILINE)


@pytest.mark.parametrize("word", KEPT)
def test_every_kept_word_is_explained(word: str) -> None:
    assert word in {cells[0] for cells in _rows()}


def test_every_word_has_its_meaning_its_place_and_the_nearest_term_of_the_field() -> None:
    assert [cells for cells in _rows() if len(cells) != 4 or not all(cells)] == []
    assert [cells[0] for cells in _rows() if not _MENTION.search(cells[2])] == []


def test_no_word_is_explained_twice() -> None:
    words = [cells[0] for cells in _rows()]
    assert sorted(words) == sorted(set(words))


def test_every_file_and_name_that_the_glossary_mentions_exists() -> None:
    mentions = set(_MENTION.findall(_text())) - _topics()
    assert mentions
    assert sorted(name for name in mentions if not _exists(name)) == []


@cache
def _text() -> str:
    return (ROOT / "docs/glossary.md").read_text(encoding="utf-8")


@cache
def _rows() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(cell.strip() for cell in row["cells"].split(" | ")) for row in _ROW.finditer(_text()))


def _topics() -> set[str]:
    """Names of topics on the log look like modules."""
    return {spec.name for spec in Topics().specs()}


def _exists(name: str) -> bool:
    if "/" in name:
        return (ROOT / name).exists() and name.endswith("/") == (ROOT / name).is_dir()
    parts = name.split(".")
    return any(_leads_there(parts, length) for length in range(len(parts), 0, -1))


def _leads_there(parts: list[str], length: int) -> bool:
    """Whether the first `length` parts are a module, and the others a name in it."""
    path = ROOT.joinpath(*parts[:length])
    if not (path.is_dir() or path.with_suffix(".py").is_file()):
        return False
    found: object = import_module(".".join(parts[:length]))
    for attribute in parts[length:]:
        found = getattr(found, attribute, None)
    return found is not None
