"""What was published about an event, what should be published now, and the difference."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.events import Severity, Status, Transition
from rules.engine.episode import Episode
from rules.engine.folding import Basis


class Published(NamedTuple):
    """An event as it was last published: enough to find what changes, and to number the next revision."""

    since_ms: int
    opened_at_ms: int
    revision: int
    status: Status
    cleared_at_ms: int | None
    stale: bool
    basis: Basis
    severity: Severity
    replaces_ms: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status is Status.OPEN

    @property
    def is_withdrawn(self) -> bool:
        return self.status is Status.WITHDRAWN


PublishedChange = tuple[Transition, Published]


def difference(published: dict[int, Published], episodes: Sequence[Episode]) -> list[PublishedChange]:
    """What must be published so that `published` (events by opening time) becomes `episodes`.

    Order: withdrawals first, then by opening time. An event that comes in the place of a withdrawn one replaces it. The
    caller puts what it publishes back into `published`.
    """
    wanted = {episode.opened_at_ms: episode for episode in episodes}
    changes: list[PublishedChange] = []
    gone = [
        event for _, event in sorted(published.items()) if not event.is_withdrawn and event.opened_at_ms not in wanted
    ]
    for event in gone:
        withdrawn = event._replace(revision=event.revision + 1, status=Status.WITHDRAWN, stale=False)
        changes.append((Transition.WITHDRAWN, withdrawn))
    replaced = iter(gone)
    for episode in episodes:
        before = published.get(episode.opened_at_ms)
        if before is None or before.is_withdrawn:
            instead_of = next(replaced, None)
            changes += _opening(episode, before, instead_of.opened_at_ms if instead_of else None)
        else:
            changes += _change(episode, before)
    return changes


def _opening(episode: Episode, before: Published | None, replaces_ms: int | None) -> list[PublishedChange]:
    revision = before.revision + 1 if before else 1
    opened = Published(
        episode.since_ms, episode.opened_at_ms, revision, Status.OPEN, None, episode.stale, episode.basis,
        episode.severity, replaces_ms,
    )  # fmt: skip
    return [(Transition.OPENED, opened), *_change(episode, opened)]


def _change(episode: Episode, before: Published) -> list[PublishedChange]:
    status = Status.OPEN if episode.cleared_at_ms is None else Status.CLEARED
    now = before._replace(
        status=status, cleared_at_ms=episode.cleared_at_ms, stale=episode.stale, basis=episode.basis,
        since_ms=episode.since_ms, severity=episode.severity,
    )  # fmt: skip
    if now == before:
        return []
    return [(_transition(before, now), now._replace(revision=before.revision + 1))]


def _transition(before: Published, now: Published) -> Transition:
    if before.is_open and not now.is_open:
        return Transition.CLEARED
    worse = _WORST_FIRST.index(now.severity) < _WORST_FIRST.index(before.severity)
    return Transition.ESCALATED if worse and now.is_open else Transition.AMENDED


_WORST_FIRST: Final = tuple(Severity)
