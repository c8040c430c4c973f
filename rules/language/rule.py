"""A rule as the engine judges it; `rules.language.document.reading` reads it from YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from domain.events import Severity, Text
from rules.language.conditions.condition import Condition
from rules.language.signals.signal import Signal
from rules.schedule.activity import Active

DEFAULT_LATENESS_MS: Final = 300_000


class Mode(StrEnum):
    """`live` raises events, `shadow` writes them to `rules.shadow` only, `off` judges nothing."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Opens at the `times`-th true reading within `within_ms`, both ends of that span included."""

    times: int
    within_ms: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """An event still open `after_ms` after its opening has this severity from then on."""

    after_ms: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Flapping:
    """A subject on which the rule opens more often than `more_than` within `within_ms` is unstable: one event, not many."""

    more_than: int
    within_ms: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """Open events of the rules `of` on `at_least` subjects, alike in `by` and opened within `within_ms`, are one event.

    `by` is parent, area, a level of it such as area.street, grid, or the name of a device attribute. `absorbs`: the
    members are published as part of it; `hold_ms` is how long notification of a member waits for the group.
    """

    of: tuple[str, ...]
    by: str
    at_least: int
    within_ms: int
    absorbs: bool = False
    hold_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule at one version, ready to judge. Exactly one of `when`, `no_data_ms` and `group` is set.

    Units: all durations in ms of observed time. `gap_ms` None means three report intervals of the device; `clear_when`
    None means: not `when`. `accepts_suspect`: readings of quality suspect are evidence, too. `escalate` stands by time.
    `kind` is empty for a group, which takes its members'. `text` is the document it was read from.
    """

    name: str
    kind: str
    title: Text
    problem: str
    severity: Severity
    when: Condition | None = None
    clear_when: Condition | None = None
    where: Condition | None = None
    signals: Mapping[str, Signal] = field(default_factory=dict)
    accepts_suspect: bool = False
    for_ms: int = 0
    repeat: Repeat | None = None
    clear_for_ms: int = 0
    gap_ms: int | None = None
    no_data_ms: int | None = None
    lateness_ms: int = DEFAULT_LATENESS_MS
    active: Active | None = None
    escalate: tuple[Escalation, ...] = ()
    flapping: Flapping | None = None
    group: Grouping | None = None
    suppressed_by: tuple[str, ...] = ()
    department: str | None = None
    mode: Mode = Mode.LIVE
    version: int = 1
    text: str = ""

    @property
    def longest_window_ms(self) -> int:
        """How far back its signals look at most."""
        return max((signal.over_ms for signal in self.signals.values()), default=0)

    @property
    def facts(self) -> frozenset[str]:
        """What its conditions and forecasts read of a device, by the keys of `device_facts`."""
        read = {fact for condition in (self.when, self.clear_when) if condition for fact in condition.facts}
        levels = (signal.crossing.level for signal in self.signals.values() if signal.crossing)
        return frozenset(read | {level for level in levels if isinstance(level, str)})
