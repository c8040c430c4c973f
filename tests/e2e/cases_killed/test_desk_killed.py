"""Kill -9 of the desk, and of a person acting on its cases, at seeded steps of their own work: nothing is lost, nothing is
doubled, whatever stands between a transaction of the database and one of the log.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select

from cases.deadlines import CityTimes
from cases.policy import load_policy
from cases.storage import CaseStore
from cases.storage.tables import absorbed, held
from device_registry.storage.database import open_engine
from streams.opening.by_url import open_log
from streams.ports import Log
from tests.cases.soundness import assert_sound
from tests.e2e.cases_killed.deaths import OF_THE_LOG, POINTS, desk_until_killed, person_until_killed
from tests.e2e.cases_killed.story import assert_every_event_has_its_case, assert_published, tellings
from tests.e2e.disturbed.witness import until
from tests.e2e.processes.platform import Platform, platform
from urbansense.wiring.shared_database import SharedDatabase

SEED = int(os.environ.get("URBANSENSE_TEST_SEED", "20261122"))
TIMES = CityTimes(load_policy().calendar)
_BATCH = 7
_LONGEST_PERSON = 6_000


@dataclass(frozen=True)
class Death:
    """`step` steps behind the first call of `begins` in that life."""

    begins: str
    step: int


def deaths(kind: str, random_ones: int) -> list[Death]:
    """One at each point, and then at random: right behind a point, or anywhere in the round that it begins."""
    random = Random(SEED)
    points = (*POINTS, *OF_THE_LOG[kind])
    anywhere = [Death(random.choice(points), int(10 ** random.uniform(0, 4))) for _ in range(random_ones)]
    return [*(Death(point, 1) for point in points), *anywhere]


@dataclass
class City:
    """The log and the book that desks of one test share; the embedded log is open only while no desk has it."""

    running: Platform
    book: CaseStore
    ends: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        return self.running.settings.log_url.startswith("embedded")

    @asynccontextmanager
    async def log(self) -> AsyncIterator[Log]:
        settings = self.running.settings
        log = await open_log(settings.log_url, settings.data_dir)
        try:
            yield log
        finally:
            await log.close()

    async def prepare(self) -> None:
        async with self.log() as log:
            await log.ensure_topics(self.running.settings.topics.specs())

    async def feed(self, number: int) -> None:
        """Tell a round, one after the other where the log serves others meanwhile."""
        topics = self.running.settings.topics
        async with self.log() as log:
            for told in tellings(number):
                await log.append([told.record(topics)])
            bounds = await log.bounds([topics.events])
            self.ends = {(place.topic, place.partition): end for place, (_, end) in bounds.items() if end}

    def reached(self) -> Mapping[tuple[str, int], int]:
        with self.book.transaction() as transaction:
            return transaction.positions(f"{self.running.settings.topic_prefix}desk")

    def settled(self) -> bool:
        """Everything told is taken in, nothing waits, and all is published."""
        if self.reached() != self.ends or self.book.pending(1):
            return False
        with self.book.database.reading() as connection:
            waits = [connection.execute(select(t).where(t.c.until_ms < 2**61)).first() for t in (held, absorbed)]
        return waits == [None, None]


@asynccontextmanager
async def city(folder: Path, **settings: object) -> AsyncIterator[City]:
    with platform(folder, **settings) as running:
        running.settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = open_engine(running.settings.registry_url)
        here = City(running, CaseStore(SharedDatabase(engine), TIMES))
        await here.prepare()
        async with running.last_words(f"URBANSENSE_TEST_SEED={SEED}"):
            yield here
        engine.dispose()


async def live_and_die(here: City, lives: Sequence[Death], tmp_path: Path) -> list[str]:
    """Rounds of the story, a desk and a person dying in each; then a desk that lives. Where the desks died is returned."""
    random = Random(SEED)
    answers = tmp_path / "answers"
    desk = here.running.forked("desk", desk_until_killed, "", 0, _BATCH)
    person = here.running.forked("person", person_until_killed, 0, "", "")
    for number, death in enumerate(lives):
        desk.arguments = (death.begins, death.step, _BATCH)
        person.arguments = (random.randint(1, _LONGEST_PERSON), f"{SEED}/{number}", str(answers))
        if here.embedded:
            await here.feed(number)
        desk.start()
        person.start()
        if not here.embedded:
            await here.feed(number)

        async def over() -> bool:
            return not desk.running or await asyncio.to_thread(here.settled)

        await until(over, 60, "the desk is dead, or has done everything", every_s=0.02)
        desk.kill()
        person.kill()
    desk.arguments = ("", 0, _BATCH)
    desk.start()
    await until(lambda: asyncio.to_thread(here.settled), 60, "everything is taken in and published", every_s=0.05)
    assert desk.stop() == 0, desk.tail()
    return re.findall(r"^killed at (.*)$", desk.log.read_text(), re.MULTILINE)


async def assert_whole(here: City, rounds: int, tmp_path: Path) -> None:
    found = assert_sound(here.book, TIMES)
    assert_every_event_has_its_case(here.book, found, rounds)
    async with here.log() as log:
        await assert_published(log, here.running.settings.topics, here.book, found)
    assert here.reached() == here.ends
    answered = [line.split() for line in (tmp_path / "answers").read_text().splitlines()]
    for case_id, revision, transition in answered:
        assert here.book.history(UUID(case_id))[int(revision) - 1].transition == transition


LONG = [pytest.mark.long, pytest.mark.timeout(500)]


async def assert_survived(here: City, lives: Sequence[Death], tmp_path: Path) -> None:
    places = await live_and_die(here, lives, tmp_path)
    await assert_whole(here, len(lives), tmp_path)
    points = {death.begins for death in lives if death.step == 1}
    assert points <= {place.rpartition(":")[2] for place in places}, places
    print(len(places), "deaths", sorted(set(places)))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("random_ones", [0, pytest.param(40, marks=LONG)])
async def test_a_desk_killed_anywhere_on_the_embedded_log_loses_nothing_and_doubles_nothing(
    random_ones: int, tmp_path: Path
) -> None:
    async with city(tmp_path, topic_prefix="k.") as here:
        await assert_survived(here, deaths("embedded", random_ones), tmp_path)


@pytest.mark.kafka
@pytest.mark.parametrize("random_ones", [pytest.param(30, marks=LONG)])
async def test_a_desk_killed_anywhere_on_kafka_loses_nothing_and_doubles_nothing(
    random_ones: int, database_url: str, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = {"log_url": f"kafka://{kafka_bootstrap}", "topic_prefix": topic_prefix, "database_url": database_url}
    async with city(tmp_path, **settings) as here:
        await assert_survived(here, deaths("kafka", random_ones), tmp_path)


@pytest.mark.long
@pytest.mark.kafka
@pytest.mark.timeout(200)
async def test_two_desks_at_once_take_turns_and_double_nothing(
    database_url: str, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    """A supervisor started two, and starts each again that ends. They fence one another at the log, never in the book."""
    rounds = 4
    settings = {"log_url": f"kafka://{kafka_bootstrap}", "topic_prefix": topic_prefix, "database_url": database_url}
    async with city(tmp_path, **settings) as here:
        desks = [here.running.forked(f"desk-{n}", desk_until_killed, "", 0, _BATCH) for n in range(2)]
        for desk in desks:
            desk.start()
        for number in range(rounds):
            await here.feed(number)
            desks[number % 2].kill()
            desks[number % 2].start()

        async def settled() -> bool:
            for desk in desks:
                if not desk.running:
                    desk.start()
            return await asyncio.to_thread(here.settled)

        await until(settled, 90, "everything is taken in and published", every_s=0.1)
        for desk in desks:
            assert desk.stop() == 0, desk.tail()
        (tmp_path / "answers").touch()
        await assert_whole(here, rounds, tmp_path)
