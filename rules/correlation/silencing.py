"""Silences over events: which are in sight, which begin or end as the clock passes, and which one marks an event."""

from collections.abc import Iterable, Sequence

from rules.correlation.event_history import EventFields
from rules.definitions.silences import Silence


class SilencesInSight:
    """All silences, and those of them that may still mark an event: any that ended later than the latest late data."""

    def __init__(self) -> None:
        self._all: list[Silence] = []
        self._in_sight: list[Silence] = []

    def replace(self, silences: Iterable[Silence], since_ms: int) -> list[Silence]:
        """Take these from now on, in sight what ends after `since_ms`; those that are new, changed or gone."""
        before, self._all = self._all, list(silences)
        self.narrow(since_ms)
        return [silence for silence in before + self._all if silence not in before or silence not in self._all]

    def narrow(self, since_ms: int) -> None:
        """Lose sight of what ended at `since_ms` or before."""
        self._in_sight = [silence for silence in self._all if silence.ends_at_ms > since_ms]

    def begun_or_ended(self, before_ms: int, now_ms: int) -> list[Silence]:
        """Those in sight that begin or end in (before_ms, now_ms]."""
        return [
            silence
            for silence in self._in_sight
            if before_ms < silence.starts_at_ms <= now_ms or before_ms < silence.ends_at_ms <= now_ms
        ]

    def __bool__(self) -> bool:
        return bool(self._in_sight)

    def may_mark(self, event: EventFields, chain: Sequence[str]) -> bool:
        """Whether one in sight is about the event, at whatever time; `chain` is its subject and the subject's parents."""
        return any(fits(silence, event, chain) for silence in self._in_sight)

    def marking(self, event: EventFields, chain: Sequence[str], at_ms: int) -> str | None:
        """The id of the first one that is about the event and in force then."""
        for silence in self._in_sight:
            if silence.is_in_force(at_ms) and fits(silence, event, chain):
                return silence.id
        return None


def fits(silence: Silence, event: EventFields, chain: Sequence[str]) -> bool:
    """Whether a silence is about an event; `chain` is its subject and the subject's parents."""
    return silence.matches.fits(event["rule"], event["kind"], event["area"], chain)
