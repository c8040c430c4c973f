"""One event as the readings show it."""

from dataclasses import dataclass

from domain.events import Severity
from rules.engine.folding import Basis
from rules.language.rule import Rule


@dataclass(frozen=True, slots=True)
class Episode:
    """One event as the readings show it, from its opening to its clearing (None while open)."""

    since_ms: int
    opened_at_ms: int
    cleared_at_ms: int | None
    basis: Basis
    severity: Severity
    stale: bool = False


def escalated_severity(rule: Rule, episode: Episode, now_ms: int | None) -> Severity:
    """The severity of the last step that came while the event was open; one that comes as it clears does not count."""
    severity = rule.severity
    for step in rule.escalate:
        at_ms = episode.opened_at_ms + step.after_ms
        cleared_ms = episode.cleared_at_ms
        if at_ms < cleared_ms if cleared_ms is not None else now_ms is not None and at_ms <= now_ms:
            severity = step.severity
    return severity
