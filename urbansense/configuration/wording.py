"""What commands print, in the language of whoever gives them: English, or Chinese where the locale says so.

`zh.json` holds the Chinese of whole texts, by their English words, and of sentences with parts, as regular expressions.
Nothing heavy is imported: `--help` needs this, too. JSON that is printed for machines never comes here.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

_CATALOGUE: Final = Path(__file__).with_name("zh.json")


def language(environment: Mapping[str, str] | None = None) -> Literal["en", "zh"]:
    """As POSIX has it: the first of LC_ALL, LC_MESSAGES and LANG that is set decides; any Chinese is Chinese."""
    given = os.environ if environment is None else environment
    chosen = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := given.get(name))), "")
    return "zh" if chosen.lower().startswith("zh") else "en"


def word(english: str) -> str:
    """A text that stands alone, such as a help or the head of a column; English where the catalogue lacks it."""
    return english if language() == "en" else in_chinese(english) or english


def sentence(english: str) -> str:
    """A line with names and numbers in it; English where no sentence of the catalogue is like it."""
    if language() == "en":
        return english
    whole = in_chinese(english)
    if whole is not None:
        return whole
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(english)
        if found is not None:
            return found.expand(chinese)
    return english


def in_chinese(english: str) -> str | None:
    """The Chinese of a whole text, wherever its lines break; None where the catalogue lacks it."""
    return _texts().get(" ".join(english.split()))


@cache
def _catalogue() -> Any:
    import json  # only where Chinese is wanted

    return json.loads(_CATALOGUE.read_text(encoding="utf-8"))


@cache
def _texts() -> dict[str, str]:
    return {" ".join(english.split()): chinese for english, chinese in _catalogue()["texts"].items()}


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in _catalogue()["sentences"].items()]
