"""The page of the cases shows the table that runs."""

from pathlib import Path

import pytest

from cases.workflow.states import State
from cases.workflow.table import TRANSITIONS
from urbansense.documentation.case_diagram import diagram, renewed

PAGE = Path(__file__).parents[3] / "docs/cases/README.md"


def test_the_page_holds_the_diagram_of_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == renewed(page), "run python -m urbansense.documentation.case_diagram docs/cases/README.md"


def test_every_state_and_every_transition_is_told() -> None:
    told = diagram()
    assert all(f"    {state}: {state} " in told for state in State)
    assert all(f"| `{name}` |" in told for name in TRANSITIONS)
    assert "    reported --> accepted: accept 受理" in told
    assert "    checking --> dispatched: fail 核查不通过返工" in told


def test_a_page_without_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match=r"marks|lacks"):
        renewed("# Cases\n")
