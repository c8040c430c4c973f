"""Helps and tables in Chinese where the locale says so: everything or nothing of a page, and never the JSON."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from urbansense.commands.cli import COMMANDS, app, load_command
from urbansense.configuration.wording import in_chinese, language, sentence, word

CHINESE = re.compile("[\u4e00-\u9fff]")


def texts_of(command: Any, path: str) -> Iterator[tuple[str, str | None]]:
    """Every help of a command and of those below it, None where there is none."""
    yield path, command.help
    for parameter in command.params:
        yield f"{path} {parameter.name}", parameter.help
        if parameter.rich_help_panel:
            yield f"{path} {parameter.name} panel", parameter.rich_help_panel
    for name, below in getattr(command, "commands", {}).items():
        yield from texts_of(below, f"{path} {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_is_there_and_has_its_chinese(name: str) -> None:
    texts = dict(texts_of(load_command(name), name))
    assert [path for path, text in texts.items() if not text] == []
    assert [text for text in (*texts.values(), COMMANDS[name].help) if text and in_chinese(text) is None] == []


@pytest.mark.parametrize("arguments", [(), ("devices",), ("events", "list"), ("score",), ("cases", "do")])
def test_a_help_in_chinese_has_no_title_in_english(arguments: tuple[str, ...]) -> None:
    page = run("zh_CN.UTF-8", *arguments, "--help").stdout
    assert page.strip().startswith("用法：")
    assert not any(title in page for title in ("Usage", "Options", "Arguments", "Commands", "default:", "required"))
    rows = [line for line in page.splitlines() if line.startswith("│ -")]
    assert all(CHINESE.search(row) for row in rows)


def test_what_is_mistyped_is_answered_in_the_language_of_the_locale() -> None:
    assert "没有命令 'devics'" in run("zh_CN.UTF-8", "devics").stderr
    assert "缺少参数 'device_id'" in run("zh_CN.UTF-8", "devices", "show").stderr
    assert "没有选项 --lmit" in run("zh_CN.UTF-8", "devices", "list", "--lmit", "1").stderr
    assert "No such command 'devics'" in run("en_GB.UTF-8", "devics").stderr


@pytest.mark.parametrize(
    ("locale", "chosen"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "C", "LC_ALL": "zh_TW"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh"}, "en"),
    ],
)
def test_the_locale_decides_as_posix_has_it(locale: dict[str, str], chosen: str) -> None:
    assert language(locale) == chosen


def test_a_line_with_names_in_it_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "the platform of /srv/data (pid 7) answers slowly; waiting"
    assert sentence(line) == line
    monkeypatch.setenv("LC_ALL", "zh_CN")
    assert sentence(line) == "/srv/data 的平台（进程 7）应答缓慢；等待中"
    assert sentence("nothing like it") == "nothing like it"
    assert word("severity") == "严重程度"


def test_json_is_the_same_in_every_language(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("URBANSENSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("URBANSENSE_HTTP_PORT", "1")  # nothing answers there
    runner = CliRunner()
    for arguments in (["people", "users", "list"], ["people", "departments", "list"]):
        monkeypatch.setenv("LC_ALL", "C")
        english = runner.invoke(app, [*arguments, "--json"]).stdout
        plain = runner.invoke(app, arguments).stdout
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
        assert runner.invoke(app, [*arguments, "--json"]).stdout == english
        assert CHINESE.search(runner.invoke(app, arguments).stdout)
        assert plain.isascii()


def run(locale: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"LC_ALL": locale, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", "urbansense", *arguments], env=environment, capture_output=True, text=True, check=False
    )
