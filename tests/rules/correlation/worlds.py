"""Random worlds for the correlation stage: what was so, and how the partitions' records report it, some of it late."""

from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

from domain.events import Event, Status, Transition
from tests.rules.correlation.bench import Bench, raw_event

LATENESS = 5
END = 40
Interval = tuple[int, int | None]


class RaisedRecord(NamedTuple):
    """A record of one partition: an event's transition, or (with none) the clock at an instant."""

    at: int
    event: Event | None = None
    transition: Transition | None = None


class World(NamedTuple):
    """What is true by rule and subject, and the partitions' records in their order."""

    truth: dict[tuple[str, str], list[Interval]]
    partitions: list[list[RaisedRecord]]


@st.composite
def intervals(draw: st.DrawFn) -> list[Interval]:
    """Spells of one rule on one subject: apart from each other, the last one perhaps open."""
    instants = sorted(draw(st.sets(st.integers(1, END - 10), max_size=6)))
    pairs: list[Interval] = [(a, b) for a, b in zip(instants[::2], instants[1::2], strict=False)]
    if len(instants) % 2:
        pairs.append((instants[-1], None))
    return pairs


@st.composite
def worlds(draw: st.DrawFn, keys: tuple[tuple[str, str], ...], partitions: int = 2) -> World:
    truth = {key: draw(intervals()) for key in keys}
    published: list[list[RaisedRecord]] = [[] for _ in range(partitions)]
    for n, (key, stretches) in enumerate(truth.items()):
        at = 0
        for stretch in stretches:
            records = draw(_changes(key, stretch, at))
            at = records[-1].at  # the engine clears an event before it opens the next
            published[n % partitions] += records
    ordered = [sorted(records, key=lambda record: record.at) for records in published]
    return World(truth, [_with_clocks(records, draw(st.integers(1, 4))) for records in ordered])


@st.composite
def _changes(draw: st.DrawFn, key: tuple[str, str], stretch: Interval, not_before: int) -> list[RaisedRecord]:
    """An event on its way: perhaps late, perhaps first reported wrongly, its end perhaps reported twice."""
    opened, cleared = stretch
    records: list[RaisedRecord] = []
    at = max(not_before, opened + draw(st.integers(0, LATENESS)))
    wrong = draw(st.sampled_from([None, None, None, 1, 2]))
    revision = 1
    if (
        wrong is not None
        and max(at, opened + wrong) <= opened + LATENESS
        and (cleared is None or opened + wrong < cleared)
    ):
        event = raw_event(*key, opened + wrong)
        records.append(RaisedRecord(max(at, opened + wrong), event, Transition.OPENED))
        at = max(at, opened + wrong)
        gone = raw_event(*key, opened + wrong, status=Status.WITHDRAWN, revision=2)
        records.append(RaisedRecord(at, gone, Transition.WITHDRAWN))
    records.append(RaisedRecord(at, raw_event(*key, opened, revision=revision), Transition.OPENED))
    return records + _end(draw, key, stretch, at, revision)


def _end(draw: st.DrawFn, key: tuple[str, str], stretch: Interval, at: int, revision: int) -> list[RaisedRecord]:
    opened, cleared = stretch
    if cleared is None:
        return []
    at = max(at, cleared + draw(st.integers(0, LATENESS)))
    records = [RaisedRecord(at, raw_event(*key, opened, cleared, revision=revision + 1), Transition.CLEARED)]
    if draw(st.booleans()) and cleared + 1 <= at <= cleared + LATENESS:
        early = RaisedRecord(
            cleared + 1, raw_event(*key, opened, cleared + 1, revision=revision + 1), Transition.CLEARED
        )
        late = raw_event(*key, opened, cleared, revision=revision + 2)
        records = [early._replace(at=max(early.at, at)), RaisedRecord(at, late, Transition.AMENDED)]
    return records


def _with_clocks(records: list[RaisedRecord], every: int) -> list[RaisedRecord]:
    """The partition's clock between the records: never ahead of them by more than the lateness."""
    published: list[RaisedRecord] = []
    clock = 0
    for record in records:
        while clock + every < record.at:
            clock += every
            published.append(RaisedRecord(clock))
        published.append(record)
    return [*published, RaisedRecord(END), RaisedRecord(END + 100)]


def interleaved(world: World, seed: int) -> list[tuple[int, RaisedRecord]]:
    """The records of all partitions in one order that keeps each partition's own."""
    random = Random(seed)
    left = [list(records) for records in world.partitions]
    order: list[tuple[int, RaisedRecord]] = []
    while any(left):
        p = random.choice([p for p, records in enumerate(left) if records])
        many = random.choice((1, 1, 3, 10))
        order += [(p, record) for record in left[p][:many]]
        del left[p][:many]
    return order


def feed(bench: Bench, order: list[tuple[int, RaisedRecord]]) -> None:
    for partition, record in order:
        if record.event is None or record.transition is None:
            bench.clock(record.at, partition)
        else:
            bench.give(record.transition, record.event)
