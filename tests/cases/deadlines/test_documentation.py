"""The page about deadlines: the rows of its table and its program are what it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from cases.deadlines import CityTimes
from cases.policy import load_policy
from cases.policy.terms import parse_term
from tests.cases.deadlines.calendars import at, told

PAGE = (Path(__file__).parents[3] / "docs/cases/deadlines.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (20\d\d-\S+ \S+) \| ([^|]+) \| (\S+ \S+) \|", PAGE, re.MULTILINE)
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("dispatched", "term", "due"), ROWS)
def test_a_row_of_the_page_holds(dispatched: str, term: str, due: str) -> None:
    assert told(CityTimes(load_policy().calendar).after(at(dispatched), parse_term(term))) == due


def test_the_program_of_the_page_runs() -> None:
    (program,) = PROGRAMS
    names: dict[str, Any] = {}
    exec(compile(program, "docs/cases/deadlines.md", "exec"), names)
    assert told(names["status"].next_change_ms) == "2026-11-23 09:12"


def test_there_are_rows() -> None:
    assert len(ROWS) == 8
