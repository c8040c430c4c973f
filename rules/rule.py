"""A rule as the engine judges it; `rules.documents` reads it from YAML."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.events import Severity, Text
from rules.conditions.condition import Condition

DEFAULT_LATENESS_MS: Final = 300_000


class Mode(StrEnum):
    """`live` raises events, `shadow` writes them to `rules.shadow` only, `off` judges nothing."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule at one version, ready to judge. Exactly one of `when` and `no_data_ms` is set.

    Units: all durations in ms of observed time. `gap_ms` None means three report intervals of the device; `clear_when`
    None means: not `when`. `text` is the document it was read from.
    """

    name: str
    kind: str
    title: Text
    problem: str
    severity: Severity
    when: Condition | None = None
    clear_when: Condition | None = None
    where: Condition | None = None
    for_ms: int = 0
    clear_for_ms: int = 0
    gap_ms: int | None = None
    no_data_ms: int | None = None
    lateness_ms: int = DEFAULT_LATENESS_MS
    department: str | None = None
    mode: Mode = Mode.LIVE
    version: int = 1
    text: str = ""
