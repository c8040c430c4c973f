"""The words of the console."""

import pytest

from domain.events import Severity, Status, Text
from web.console.shell.words import WORDS, pick
from web.http.language import preferred_language


@pytest.mark.parametrize(
    ("asked", "accept", "expected"),
    [
        (None, "", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "fr-FR,en;q=0.5,zh;q=0.4", "en"),
        (None, "fr", "en"),
        ("zh", "en", "zh"),
        ("en", "zh", "en"),
        ("xx", "zh", "en"),
    ],
)
def test_what_is_asked_for_wins_over_what_the_browser_prefers(asked: str | None, accept: str, expected: str) -> None:
    assert preferred_language(asked, accept) == expected


def test_an_empty_text_is_told_in_the_other_language() -> None:
    assert pick(Text(en="Lamp out", zh=""), "zh") == "Lamp out"
    assert pick(Text(en="", zh="路灯不亮"), "en") == "路灯不亮"


def test_every_severity_and_status_has_its_word() -> None:
    assert {*Severity, *Status} <= WORDS.keys()
