"""Every decision in docs/adr has one form, and its line in the index."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

DECISIONS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "What it is and is not", "Consequences"]

_TITLE = re.compile(r"# (?P<number>\d{4}) (?P<title>\S.*)")
_STATUS = re.compile(
    r"^- Status: (?P<status>(?:proposed|accepted|(?:amended|superseded) by \[\d{4}\]).*)$", re.MULTILINE
)
_DATE = re.compile(r"^- Date: (?P<date>\d{4}-\d{2}-\d{2})$", re.MULTILINE)
_NAMED = re.compile(r"\[(\d{4})\]\((\d{4}-[\w-]+\.md)\)")


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_its_number_a_status_a_date_and_the_headings_in_their_order(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    title = _TITLE.match(text)
    assert title, "the first line is `# NNNN Title`"
    assert decision.name.startswith(f"{title['number']}-")
    assert _STATUS.search(text), "a line `- Status: accepted`, or what amends or supersedes it"
    assert _DATE.search(text), "a line `- Date: YYYY-MM-DD`"
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS


def test_no_number_is_taken_twice() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert sorted(set(numbers)) == numbers


def test_the_index_has_the_line_of_every_decision_and_no_other() -> None:
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[.*$", index, re.MULTILINE) == [_line_of(path) for path in DECISIONS]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_that_another_amends_is_one_that_exists(decision: Path) -> None:
    status = _STATUS.search(decision.read_text(encoding="utf-8"))
    assert status
    for number, name in _NAMED.findall(status["status"]):
        assert name.startswith(f"{number}-")
        assert (decision.parent / name).is_file()


def _line_of(path: Path) -> str:
    """`| [0001](0001-name.md) | title | accepted; amended by [0014](…) | date |`, the status without its reason."""
    text = path.read_text(encoding="utf-8")
    title, status, date = _TITLE.match(text), _STATUS.search(text), _DATE.search(text)
    assert title, path
    assert status, path
    assert date, path
    short = status["status"].split(":")[0]
    return f"| [{title['number']}]({path.name}) | {title['title']} | {short} | {date['date']} |"
