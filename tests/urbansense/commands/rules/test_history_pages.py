"""What docs/rules/backtest.md and explain.md show is what the commands say, over one written evening."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.urbansense.written_evening import PAGES, go_to
from urbansense.commands.cli import app

SHOWN = [
    pytest.param(block, id=f"{page}-{number}")
    for page in ("backtest", "explain")
    for number, block in enumerate(
        re.findall(r"```console\n(.*?)```", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL), 1
    )
]


@pytest.mark.parametrize("shown", SHOWN)
def test_a_command_says_what_the_page_shows(shown: str, evening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_to(evening, monkeypatch)
    command, _, expected = shown.partition("\n")
    said = CliRunner().invoke(app, shlex.split(command.removeprefix("$ urbansense ")))
    assert said.exit_code == 0, said.output
    assert plain(said.stdout) == plain(expected), f"{command}\n{said.stdout}"


def plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
