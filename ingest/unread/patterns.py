"""Topics that nobody reads as patterns, of which there are never many. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from domain.dialects import DIALECTS
from domain.mqtt import takes_topic

MOST_PATTERNS: Final = 100
_MOST_BESIDE: Final = 16
"""Words that may stand in one place of a topic; beyond that they are ids."""
_MOST_LEVELS: Final = 8
_LONGEST_WORD: Final = 32
_DIGITS_OF_AN_ID: Final = 3
_OWN_ROOT: Final = "urbansense"
_FILTERS: Final = {
    root: [one for one in dialect.filters if one.startswith(f"{root}/")]
    for dialect in DIALECTS
    for root in dialect.roots
}

_Levels = tuple[str, ...]


def is_read(topic: str) -> bool:
    """Whether some gateway reads the topic, or it is no place for reports: our own, and those of the broker."""
    root = topic.partition("/")[0]
    if root == _OWN_ROOT or root.startswith("$"):
        return True
    return any(takes_topic(one, topic) for one in _FILTERS.get(root, ()))


def pattern_of(topic: str) -> str:
    """The topic with `+` for each level that looks like an id, and `#` for what is beyond eight levels."""
    levels = topic.split("/")
    named = [level if _is_word(level) else "+" for level in levels[:_MOST_LEVELS]]
    return "/".join(named + ["#"] * (len(levels) > _MOST_LEVELS))


def collapse(counts: Mapping[str, int]) -> dict[str, int]:
    """The same counts with `+` wherever more than sixteen words stand in one place; at most so many patterns, the busiest.

    What is beyond them counts under `#`, last.
    """
    by_levels = _collapsed([(tuple(pattern.split("/")), count) for pattern, count in counts.items()])
    ranked = sorted(by_levels.items(), key=lambda one: (one[0] == ("#",), -one[1], one[0]))
    found = {"/".join(levels): count for levels, count in ranked[: MOST_PATTERNS - 1]}
    if rest := sum(count for _, count in ranked[MOST_PATTERNS - 1 :]):
        found["#"] = found.pop("#", 0) + rest
    return found


def _collapsed(paths: Iterable[tuple[_Levels, int]]) -> Counter[_Levels]:
    found: Counter[_Levels] = Counter()
    below: dict[str, list[tuple[_Levels, int]]] = {}
    for levels, count in paths:
        if levels:
            below.setdefault(levels[0], []).append((levels[1:], count))
        else:
            found[()] += count
    if len(below) > _MOST_BESIDE:
        below = {"+": [path for paths_below in below.values() for path in paths_below]}
    for word, paths_below in below.items():
        for levels, count in _collapsed(paths_below).items():
            found[(word, *levels)] += count
    return found


def _is_word(level: str) -> bool:
    if len(level) > _LONGEST_WORD or not level.isprintable() or (level and level.isdigit()):
        return False
    return sum(character.isdigit() for character in level) < _DIGITS_OF_AN_ID
