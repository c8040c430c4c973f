"""What is put before the scorer: labels, events, the time and the devices they are of."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.errors import ConfigurationError
from domain.time.durations import format_instant
from simulators.truth.labels import Label
from urbansense.evaluation.scoring.grading import DEFAULT_GRACE_MS, Matched, ScoredEvent, Window, match
from urbansense.evaluation.scoring.grading.matching import CountsFor


@dataclass(frozen=True, slots=True)
class ScoringCase:
    """Labels and the events to score by them. `devices` is how many were watched, None where that is not known.

    `groups` are the rules that make one event of many; `counts_for` returns what a device counts for in them.
    """

    labels: tuple[Label, ...]
    scored: tuple[ScoredEvent, ...]
    window: Window
    devices: int | None
    groups: frozenset[str]
    counts_for: CountsFor | None = None

    def matched(self, grace_ms: int | None = None) -> Matched:
        grace_ms = DEFAULT_GRACE_MS if grace_ms is None else grace_ms
        return match(self.labels, self.scored, self.window, grace_ms, self.groups, self.counts_for)


def window_of(labels: Iterable[Label], from_ms: int | None, to_ms: int | None, now_ms: int | None = None) -> Window:
    """From the first label's start to the last end or deadline, but no later than `now_ms`, unless given.

    Raises: ConfigurationError where that is empty.
    """
    known = list(labels)
    if from_ms is None:
        from_ms = min((label.start_ms for label in known), default=None)
    if to_ms is None:
        to_ms = max((max(label.end_ms, label.by_ms or 0) for label in known), default=None)
        to_ms = to_ms if now_ms is None or to_ms is None else min(to_ms, now_ms)
    if from_ms is None or to_ms is None:
        raise ConfigurationError("the truth tells of nothing: give --from and --to to count false events alone")
    if now_ms is not None and to_ms == now_ms <= from_ms:
        stands = format_instant(now_ms)
        raise ConfigurationError(f"the platform's clock stands at {stands}, before all that is to be scored")
    if from_ms >= to_ms:
        raise ConfigurationError("the scored time is empty: --from must be before --to, and the truth lie in the past")
    return Window(from_ms, to_ms)


def labels_once(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Each label once. Raises: ConfigurationError where two labels of one name differ."""
    known: dict[str, Label] = {}
    for label in labels:
        if known.setdefault(label.label, label) != label:
            raise ConfigurationError(f"the truth tells two different things of {label.label}")
    return tuple(known.values())
