"""Which language a request is answered in."""

from typing import Literal

Language = Literal["en", "zh"]


def preferred_language(asked: str | None, accept_language: str) -> Language:
    """What was asked for, else the first of the browser's languages that the console has, else English."""
    if asked is not None:
        return "zh" if asked.startswith("zh") else "en"
    for entry in accept_language.lower().split(","):
        if entry.strip().startswith("zh"):
            return "zh"
        if entry.strip().startswith("en"):
            return "en"
    return "en"
