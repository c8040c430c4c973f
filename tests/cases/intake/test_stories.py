"""Random stories: batches and repetitions change nothing of what becomes of them; nor does a replay from the start."""

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from cases.intake import OnCleared
from cases.intake.carrying_out import carry_out
from cases.intake.decide import decide
from cases.intake.known import read_known
from cases.storage import CaseQuery, CaseStore
from device_registry.storage.database import open_engine
from tests.cases.intake.lamps import Policy
from tests.cases.intake.reference import reference
from tests.cases.intake.stories import Counter, Story, interleaved, open_together, stories
from tests.cases.playing import Person
from tests.cases.workflow.acting import NOON_MS, TIMES
from tests.conftest import LONG
from urbansense.wiring.shared_database import SharedDatabase

EXAMPLES = 100 if os.environ.get(LONG) else 20
thoroughly = settings(
    phases=[Phase.generate], deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def the_book(tmp_path_factory: pytest.TempPathFactory) -> CaseStore:
    folder: Path = tmp_path_factory.mktemp("stories")
    engine = open_engine(f"sqlite:///{folder / 'cases.db'}")

    @event.listens_for(engine, "connect")
    def _do_not_wait_for_the_disk(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return CaseStore(SharedDatabase(engine), TIMES)


@thoroughly
@given(story=stories(), data=st.data())
def test_batches_and_repetitions_change_nothing(the_book: CaseStore, story: Story, data: st.DataObject) -> None:
    """Batches of any size; before any of them the desk may go back to any place that it had reached."""
    desk = Counter(the_book)
    records = story.records()
    reached = 0
    while reached < len(records):
        begin = data.draw(st.integers(0, reached))
        reached += data.draw(st.integers(1, len(records) - reached))
        desk.take_in(records[begin:reached])
    desk.much_later()
    assert desk.outcome() == reference(story.tellings)


@thoroughly
@given(story=stories(), data=st.data())
def test_a_replay_from_the_start_makes_no_case_and_no_revision(
    the_book: CaseStore, story: Story, data: st.DataObject
) -> None:
    """People act meanwhile: they close, merge, reject, reopen. The replay may read its partitions in any order."""
    desk = Counter(the_book)
    people = Person("ada", Random(data.draw(st.integers(0, 1000))))
    for record in story.records():
        desk.take_in([record])
        seen = sorted(the_book.find(CaseQuery(limit=100)).items, key=lambda case: case.number)
        for _ in range(data.draw(st.integers(0, 2)) if seen else 0):
            people.act(the_book, people.random.choice(seen), NOON_MS, seen, frozenset())
    if data.draw(st.booleans()):
        desk.much_later()
    kept = _everything(the_book)
    again = story.records()
    for partition in data.draw(st.permutations(range(3))):
        desk.take_in([record for record in again if record.partition == partition])
    for record in again:
        desk.take_in([record])
    assert _everything(the_book) == kept


@thoroughly
@given(story=stories(ends=False, spells=1), data=st.data())
def test_while_nothing_ends_the_order_of_the_partitions_does_not_matter(
    the_book: CaseStore, story: Story, data: st.DataObject
) -> None:
    other = interleaved(data, story)
    assert open_together(reference(story.tellings)) == open_together(reference(other.tellings))
    desk = Counter(the_book)
    for record in other.records():
        desk.take_in([record])
    desk.much_later()
    assert open_together(desk.outcome()) == open_together(reference(story.tellings))


@thoroughly
@given(story=stories())
def test_what_a_decision_leaves_behind_asks_for_no_more(the_book: CaseStore, story: Story) -> None:
    desk, policy = Counter(the_book), Policy()
    policy.cleared = OnCleared.CLOSE
    for published in story.tellings:
        for _ in range(2):
            with the_book.transaction() as transaction:
                known = read_known(transaction, published, lambda _: None)
                steps = decide(published, known, policy, desk.now_ms)
                carry_out(transaction, steps, policy, desk.now_ms)
        assert steps == ()


def _everything(book: CaseStore) -> list[object]:
    found = book.find(CaseQuery(limit=100)).items
    return [
        (case.number, [(e.revision, e.transition, e.actor) for e in book.history(case.case_id)], case)
        for case in sorted(found, key=lambda case: case.number)
    ]
