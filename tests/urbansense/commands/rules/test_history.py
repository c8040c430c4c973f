"""`rules backtest`, `explain` and `why-not` as a newcomer meets them: files, mistakes, an empty store."""

from pathlib import Path

import orjson
import pytest

from rules.backtest.result import BacktestResult
from tests.urbansense.written_evening import go_to
from urbansense.commands.cli import main

EVENING = ("--from", "2026-11-01T18:00:00+08:00", "--to", "2026-11-02T00:00:00+08:00")


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of a whole command, as the shell gets them."""
    monkeypatch.setattr("sys.argv", ["urbansense", "rules", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_a_page_with_charts_and_a_result_for_machines(
    evening: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    go_to(evening, monkeypatch)
    asked = ("backtest", "lamp-dark@1", *EVENING, "--against", "lamp-dark-later.yaml", "--json", "--html", "page.html")
    code, said, told = run(*asked, monkeypatch=monkeypatch, capsys=capsys)
    result = BacktestResult.model_validate(orjson.loads(said))
    assert (code, result.candidate.rules[0].events, result.difference is not None) == (0, 3, True)
    assert "charts written to page.html" in told
    assert (evening / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("backtest", "nofile.yaml"), "there is no file nofile.yaml"),
        (("backtest", "nope"), "rule nope is not known"),
        (("backtest", "lamp-dark@9"), "rule lamp-dark version 9 is not known"),
        (("backtest", "lamp-dark", "--against", "yesterday"), "give a version number, in-force, or a rule file"),
        (("backtest", "lamp-dark", "--from", "2026-01-01T00:00"), "has no UTC offset"),
        (
            ("backtest", "lamp-dark", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z"),
            "holds no report",
        ),
        (("backtest", "lamp-dark-later.yaml", *EVENING, "--raise"), "only that may raise events"),
        (("explain", "00000000-0000-0000-0000-000000000000"), "is not known"),
        (("why-not", "nope", "SL-0001"), "rule nope is not known"),
        (("why-not", "lamp-dark", "SL-0001", "--at", "noon"), "--at"),
    ],
)
def test_a_mistake_is_told_in_a_line(
    evening: Path,
    arguments: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    go_to(evening, monkeypatch)
    code, _, told = run(*arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert code != 0
    assert words in told.replace("\n", " ")
    assert "Traceback" not in told
