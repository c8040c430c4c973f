"""Every golden rule test: one series file for each clause, for each rule of the library, and for every example."""

from pathlib import Path

import pytest

from rules.language.document.reading import load_rules
from rules.testing.running import run_rule_test

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted((ROOT / "tests/rules/series").glob("*.yaml")),
    *sorted((ROOT / "tests/rules/library").glob("*.yaml")),
    *sorted((ROOT / "examples/rules").glob("*.test.yaml")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_series_gives_the_expected_history(path: Path) -> None:
    result = run_rule_test(path)
    assert result.held, "\n".join(result.mismatches)


def test_every_rule_of_the_library_and_of_the_examples_has_its_test() -> None:
    library = {path.name for path in (ROOT / "rules/library").glob("*.yaml") if load_rules(path)}
    assert library
    assert library == {path.name for path in (ROOT / "tests/rules/library").glob("*.yaml")}
    examples = {p.name for p in (ROOT / "examples/rules").glob("*.yaml") if not p.name.endswith(".test.yaml")}
    assert examples == {p.name.replace(".test", "") for p in (ROOT / "examples/rules").glob("*.test.yaml")}


def test_the_names_of_library_rules_are_unique() -> None:
    names = [rule.name for path in sorted((ROOT / "rules/library").glob("*.yaml")) for rule in load_rules(path)]
    assert len(names) == len(set(names))
