"""How the rules do: what failed, what was opened. Apart from any state that decides anything."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rules.engine.announcing import Raised
from rules.engine.plans import RuleSet
from rules.language.conditions.errors import ConditionError
from rules.language.rule import Mode

_LONGEST_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """How one rule does since this process took up its version.

    `error` is the newest of `errors` failures of its conditions; None means healthy. `judged` counts the reports that it
    was asked about, `opened` the events that it opened. `lacking` counts the devices that it cannot judge because they lack
    an attribute that it reads, by attribute.
    """

    rule: str
    version: int
    mode: Mode
    error: str | None
    errors: int
    judged: int
    opened: int
    lacking: Mapping[str, int] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        return self.error is None


class Vitals:
    """Gathers what `RuleHealth` holds, for one partition or all of a process."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}
        self._error_counts: Counter[str] = Counter()
        self._opened: Counter[str] = Counter()
        self._versions: dict[str, int] = {}
        self._lacking: defaultdict[str, Counter[str]] = defaultdict(Counter)

    @property
    def errors(self) -> dict[str, str]:
        """The newest error of each rule that failed."""
        return self._errors

    def note_error(self, rule: str, device_id: str, error: ConditionError) -> None:
        self._errors[rule] = f"device {device_id}: {error}"[:_LONGEST_ERROR]
        self._error_counts[rule] += 1

    def note_lacking(self, rule: str, fact: str, change: int) -> None:
        """So many devices more (or less) lack that fact, which the rule reads."""
        self._lacking[rule][fact] += change

    def note_raised(self, raised: Raised) -> None:
        self._opened[raised.event.rule] += raised.event.revision == 1

    def restart(self, rules: RuleSet) -> None:
        """Other rules are in force: what changed starts afresh."""
        versions = rules.versions()
        for rule in self._versions.keys() | versions.keys():
            if self._versions.get(rule) != versions.get(rule):
                self._errors.pop(rule, None)
                del self._error_counts[rule], self._opened[rule]
        self._versions = versions

    def snapshot(self, rules: RuleSet) -> dict[str, list[Any]]:
        """What is worth keeping of the rules in force, by name: failures, newest error, events opened, facts lacking."""
        counts_by_rule = {
            health.rule: [health.errors, health.error, health.opened, health.lacking] for health in self.of(rules)
        }
        return {rule: counts for rule, counts in counts_by_rule.items() if any(counts)}

    def restore(self, snapshot: Mapping[str, Sequence[Any]], versions: Mapping[str, int]) -> None:
        """Go on from a snapshot that was taken under these versions."""
        self._versions = dict(versions)
        for rule, (errors, error, opened, *_) in snapshot.items():
            self._error_counts[rule], self._opened[rule] = errors, opened
            if error is not None and errors:
                self._errors[rule] = error

    def of(self, rules: RuleSet) -> list[RuleHealth]:
        """The health of every rule in force, by name."""
        return [
            RuleHealth(
                name, rule.version, rule.mode, self._errors.get(name) or rules.broken_where.get(name),
                self._error_counts[name], rules.reports_judged(name), self._opened[name],
                {fact: count for fact, count in sorted(self._lacking.get(name, {}).items()) if count},
            )
            for name, rule in sorted(rules.by_name.items())
        ]  # fmt: skip


def health_of(rules: RuleSet, vitals: Sequence[Vitals]) -> list[RuleHealth]:
    """The health of every rule in force, by name, over all partitions of a process."""
    sums = Vitals().of(rules)
    for one in vitals:
        sums = [
            replace(
                total, error=total.error or part.error, errors=total.errors + part.errors,
                opened=total.opened + part.opened, lacking=Counter(total.lacking) + Counter(part.lacking),
            )
            for total, part in zip(sums, one.of(rules), strict=True)
        ]  # fmt: skip
    return sums
