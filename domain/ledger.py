"""The ledger: what became of every report, so that nothing is silently dropped."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoreLedger:
    """Reports on their way to the store. `accepted` is counted on the log itself, the others by the recorder.

    `pending` stands in the log behind the recorder's place.
    """

    accepted: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    pending: int = 0

    @property
    def balances(self) -> bool:
        return self.accepted == self.stored + self.duplicate + self.refused + self.pending


@dataclass(frozen=True, slots=True)
class RulesLedger:
    """The same reports on their way through the rules."""

    accepted: int = 0
    judged: int = 0
    duplicate: int = 0
    too_late: int = 0
    no_rule: int = 0
    pending: int = 0

    @property
    def balances(self) -> bool:
        return self.accepted == self.judged + self.duplicate + self.too_late + self.no_rule + self.pending


@dataclass(frozen=True, slots=True)
class Ledger:
    """Both ledgers, and what was rejected by reason (partial rejections apart: their reports were accepted)."""

    store: StoreLedger
    rules: RulesLedger
    rejected: dict[str, int] = field(default_factory=dict)
    rejected_in_part: dict[str, int] = field(default_factory=dict)

    @property
    def balances(self) -> bool:
        return self.store.balances and self.rules.balances
