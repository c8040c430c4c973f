"""Random stories of a feeder and its lamps, as `city.events` tells them; and a desk that takes them in without a log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import strategies as st
from sqlalchemy import delete

from accounts.storage.tables import metadata as account_tables
from cases.desk.service import CaseDesk
from cases.intake import Intake, OnCleared
from cases.storage import CaseStore
from cases.storage.tables import metadata as case_tables
from cases.workflow.states import State
from domain.events import Event, Status, Transition
from domain.time.durations import format_instant
from domain.topics import Topics
from streams.ports import TopicPartition
from tests.cases.intake.lamps import Policy, cleared, lamp_out, later
from tests.cases.intake.reference import Outcome
from tests.cases.soundness import assert_sound
from tests.cases.workflow.acting import NOON_MS, TIMES

TOPICS = Topics(partitions=3)
_MUCH_LATER_MS = 10**9
SUBJECTS = ("F", "F/L1", "F/L2", "F/L3")


class Entry(NamedTuple):
    """A record of `city.events` as a reader has it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Story:
    """Tellings, in the order of the log's clock. Those of one subject are in one partition."""

    tellings: tuple[Event, ...]

    def records(self) -> list[Entry]:
        ends = dict.fromkeys(range(TOPICS.partitions), 0)
        found = []
        for at, event in enumerate(self.tellings):
            partition = SUBJECTS.index(event.subject) % TOPICS.partitions
            headers = (
                ("ce_type", Transition.AMENDED.cloud_event_type.encode()),
                ("ce_time", format_instant(NOON_MS + at).encode()),
            )
            body = event.model_dump_json().encode()
            found.append(Entry(TOPICS.events, partition, ends[partition], 0, event.subject.encode(), body, headers))
            ends[partition] += 1
        return found


@st.composite
def lives(draw: st.DrawFn, subject: str, first_id: int, ends: bool = True, spells: int = 2) -> list[Event]:
    """What is told of one subject: its events one after the other, each from its opening to its end or not so far."""
    told: list[Event] = []
    before: Event | None = None
    for spell in range(draw(st.integers(0 if subject != "F" else 1, spells))):
        is_group = subject == "F"
        event = lamp_out(
            subject,
            first_id + spell,
            rule="feeder-fault" if is_group else "lamp-out",
            problem="feeder-fault" if is_group else "lamp-out",
            hold_ms=0 if is_group else draw(st.sampled_from([0, 60_000])),
            replaces=before.event_id if before and before.status is Status.WITHDRAWN and draw(st.booleans()) else None,
        )
        told.append(event)
        steps = ["amend", "end", "withdraw", "back"] if ends else ["amend"]
        for step in draw(st.lists(st.sampled_from([*steps, *([] if is_group else ["absorb", "absorb"])]), max_size=4)):
            event = _after(event, step)
            told.append(event)
        before = event
        if event.status is Status.OPEN:
            break
    return told


def _after(event: Event, step: str) -> Event:
    if step == "absorb" and event.status is Status.OPEN:
        return later(event, absorbed_by="feeder-fault")
    if step in ("end", "withdraw") and event.status is Status.OPEN:
        ended = cleared(event)
        return ended if step == "end" else ended.model_copy(update={"status": Status.WITHDRAWN})
    if step == "back" and event.status is Status.WITHDRAWN:
        return later(event, status=Status.OPEN, cleared_at_ms=None)
    return later(event)


@st.composite
def stories(draw: st.DrawFn, /, **how: Any) -> Story:
    """Lives of the feeder and its lamps, one among the other."""
    left = [draw(lives(subject, 10 * n, **how)) for n, subject in enumerate(SUBJECTS)]
    order = draw(st.permutations([n for n, life in enumerate(left) for _ in life]))
    heads = [iter(life) for life in left]
    return Story(tuple(next(heads[n]) for n in order))


def interleaved(data: st.DataObject, story: Story) -> Story:
    """The same tellings in another order, that of each subject kept."""
    order = data.draw(st.permutations([event.subject for event in story.tellings]))
    heads = {subject: iter([e for e in story.tellings if e.subject == subject]) for subject in SUBJECTS}
    return Story(tuple(next(heads[subject]) for subject in order))


class Counter:
    """A desk on an empty book. It closes what is over, and its time stands still until it is much later."""

    def __init__(self, book: CaseStore) -> None:
        with book.database.writing() as connection:
            for table in (*case_tables.sorted_tables, *account_tables.sorted_tables):
                connection.execute(delete(table))
        policy = Policy()
        policy.cleared = OnCleared.CLOSE
        self.book = book
        self.now_ms = NOON_MS
        log: Any = None
        self._desk = CaseDesk(book, Intake(policy, lambda _: None), log, TOPICS, lambda: self.now_ms)

    def take_in(self, records: Sequence[Entry]) -> None:
        batch: dict[TopicPartition, list[Any]] = {}
        for record in records:
            batch.setdefault(TopicPartition(record.topic, record.partition), []).append(record)
        self._desk._take_in(batch)

    def much_later(self) -> None:
        self.now_ms += _MUCH_LATER_MS
        self.take_in([])

    def outcome(self) -> Outcome:
        """As the reference tells it."""
        found = assert_sound(self.book, TIMES)
        return frozenset(
            (frozenset((one.event_id.int, one.open) for one in case.events), case.ended)
            for case in found
            if case.state is not State.MERGED
        )


def open_together(outcome: Outcome) -> frozenset[frozenset[int]]:
    """The open events of each case that is under way."""
    return frozenset(frozenset(n for n, is_open in events if is_open) for events, ended in outcome if not ended)
