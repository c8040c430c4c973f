"""Every example on the pages about rules is what the page states."""

import re
from pathlib import Path

import pytest

from rules.language.document.reading import parse_rules
from rules.testing.running import run_rule_test

PAGES = sorted((Path(__file__).parents[3] / "docs/rules").glob("*.md"))
EXAMPLES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL), 1)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_rule_or_a_rule_test_that_holds(example: str, tmp_path: Path) -> None:
    if "expect:" in example:
        path = tmp_path / "example.yaml"
        path.write_text(example, encoding="utf-8")
        result = run_rule_test(path)
        assert result.held, "\n".join(result.mismatches)
        assert result.events
    else:
        assert parse_rules(example)


def test_there_are_examples_and_every_page_is_in_the_index() -> None:
    assert len(EXAMPLES) >= 5
    index = (PAGES[0].parent / "README.md").read_text(encoding="utf-8")
    assert all(f"({page.name})" in index for page in PAGES if page.name != "README.md")
