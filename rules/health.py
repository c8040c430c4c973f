"""How the rules do in this process: what failed, what was opened. Apart from any state that decides anything."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from rules.conditions.condition import ConditionError
from rules.engine.announcing import Raised
from rules.engine.plans import RuleSet
from rules.rule import Mode

_LONGEST_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """How one rule does since this process took up its version.

    `error` is the newest of `errors` failures of its conditions; None means healthy. `judged` counts the reports that it
    was asked about, `opened` the events that it opened.
    """

    rule: str
    version: int
    mode: Mode
    error: str | None
    errors: int
    judged: int
    opened: int

    @property
    def healthy(self) -> bool:
        return self.error is None


class Vitals:
    """Gathers what `RuleHealth` tells, for all partitions of a process."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}
        self._error_counts: Counter[str] = Counter()
        self._opened: Counter[str] = Counter()
        self._versions: dict[str, int] = {}

    @property
    def errors(self) -> dict[str, str]:
        """The newest error of each rule that failed."""
        return self._errors

    def note_error(self, rule: str, device_id: str, error: ConditionError) -> None:
        self._errors[rule] = f"device {device_id}: {error}"[:_LONGEST_ERROR]
        self._error_counts[rule] += 1

    def note_committed(self, raised: Raised) -> None:
        self._opened[raised.event.rule] += raised.event.revision == 1

    def restart(self, rules: RuleSet) -> None:
        """Other rules are in force: what changed starts afresh."""
        versions = rules.versions()
        for rule in self._versions.keys() | versions.keys():
            if self._versions.get(rule) != versions.get(rule):
                self._errors.pop(rule, None)
                del self._error_counts[rule], self._opened[rule]
        self._versions = versions

    def of(self, rules: RuleSet) -> list[RuleHealth]:
        """The health of every rule in force, by name."""
        return [
            RuleHealth(
                name, rule.version, rule.mode, self._errors.get(name) or rules.broken_where.get(name),
                self._error_counts[name], rules.reports_judged(name), self._opened[name],
            )
            for name, rule in sorted(rules.by_name.items())
        ]  # fmt: skip
