"""Rule tests through engine and correlation together, where late readings change what was published."""

from pathlib import Path

import pytest

from rules.language.document.problems import BadRules
from rules.testing.running import run_rule_test

FILES = sorted((Path(__file__).parent / "series").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_series_gives_the_expected_history(path: Path) -> None:
    result = run_rule_test(path)
    assert result.held, "\n".join(result.mismatches)


def test_a_silence_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    text = FILES[0].read_text(encoding="utf-8").replace(
        "until:", "silences:\n  - {id: works, starts: 9m, ends: 3m, matches: {colour: red}}\nuntil:"
    )  # fmt: skip
    path = tmp_path / "test.yaml"
    path.write_text(text, encoding="utf-8")
    line = text[: text.index("{id: works")].count("\n") + 1
    with pytest.raises(BadRules) as refused:
        run_rule_test(path)
    assert {problem.line for problem in refused.value.found} == {line}
    assert "matches.colour" in str(refused.value)
