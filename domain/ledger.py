"""The ledger: what became of every report, so that nothing is silently dropped."""

from dataclasses import dataclass, field
from enum import StrEnum


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


class Sampling(StrEnum):
    """How the last look at the topics that nobody reads went."""

    SAMPLED = "sampled"
    REFUSED = "refused"
    ABOVE_RATE = "above_rate"
    NO_BROKER = "no_broker"


@dataclass(frozen=True, slots=True)
class UnreadPattern:
    """Topics alike, ids among their levels written `+`. Units: `per_second` messages, estimated from samples."""

    pattern: str
    per_second: float
    last_seen_ms: int


@dataclass(frozen=True, slots=True)
class UnreadTopics:
    """What is published on topics that no gateway reads, by sample: acknowledged by the broker, and then gone.

    Shape: the busiest patterns first; `more` further ones are not named. Time: `sampled_s` of at most the last hour were
    looked at, up to `looked_at_ms`; `broker_per_second` is what the last look counted of all messages, read ones too.
    """

    state: Sampling
    looked_at_ms: int
    sampled_s: float = 0.0
    broker_per_second: float = 0.0
    patterns: tuple[UnreadPattern, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """Both ledgers, and what was rejected by reason (partial rejections apart: their reports were accepted).

    `replayed` counts rejections that a replay settled, by its outcome. What it refused again is not counted anew.
    `unread` stands beside the sums and in none of them: an estimate of what never came in. None where nobody looked.
    """

    store: StoreLedger
    rules: RulesLedger
    rejected: dict[str, int] = field(default_factory=dict)
    rejected_in_part: dict[str, int] = field(default_factory=dict)
    replayed: dict[str, int] = field(default_factory=dict)
    unread: UnreadTopics | None = None

    @property
    def balances(self) -> bool:
        return self.store.balances and self.rules.balances
