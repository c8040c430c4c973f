"""Every kind of fault has its label and its row in the documentation, and no label is of a kind that does not exist."""

from pathlib import Path

from simulators.faults.catalogue import FAULTS
from simulators.truth.kinds.catalogue import LABELS

PAGE = (Path(__file__).parents[3] / "docs/simulators.md").read_text(encoding="utf-8")


def test_every_kind_of_fault_has_exactly_one_label() -> None:
    assert LABELS.keys() == FAULTS.keys()


def test_every_kind_of_fault_is_on_the_page() -> None:
    assert [kind for kind in FAULTS if f"`{kind}`" not in PAGE] == []
