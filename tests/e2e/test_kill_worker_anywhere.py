"""Kill -9 of a rules worker at twenty random points of its work, on Kafka and on the embedded log: the same events.

The input is the prepared log of `prepared`, whose RULES may grow. Every life of the worker gets a stretch of it, and ends
when one of the counts of `Progress` has passed a random point of that stretch: while it is fed, as its places are
committed, as its events are written (on Kafka inside the transaction that is not committed yet), as they are passed on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from streams.opening import EMBEDDED_FILE, open_log
from tests.e2e.forked import Forked, run_command
from tests.e2e.judging import Left, feed, fetch_left, judge_in_one_process, prepare
from tests.e2e.platform import Platform, platform
from tests.e2e.prepared import INSTANTS, RAISED, records_before
from tests.e2e.progress import FileProgress, Progress, dismiss_members, kafka_progress
from tests.e2e.witness import until

pytestmark = pytest.mark.timeout(120)

SEED = 20_260_303
KILLS = 20
EVENTS_OF_A_STRETCH = 30
"""Fewer than any stretch of the prepared log raises."""


@dataclass(frozen=True)
class Death:
    """Once everything before the instant `last` is being fed, when `sight` has gone `share` of its way."""

    last: int
    sight: str
    share: float


def deaths(seed: int) -> list[Death]:
    """One in each stretch of the prepared log, the last of which is lived to its end."""
    random = Random(seed)
    stretch = INSTANTS / (KILLS + 1)
    return [
        Death(
            last=int(stretch * (number + random.uniform(-0.3, 0.3))),
            sight=random.choice(["fed", "judged", "raised", "raised", "announced"]),
            share=random.random(),
        )
        for number in range(1, KILLS + 1)
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """What a worker leaves that lives to the end, on the embedded log."""
    with platform(tmp_path_factory.mktemp("undisturbed"), topic_prefix="kill.") as running:
        return await live_embedded(running, ())


@pytest.mark.kafka
async def test_a_worker_killed_at_twenty_points_on_kafka_raises_the_same_events(
    undisturbed: Left, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    with platform(tmp_path, log_url=f"kafka://{kafka_bootstrap}", topic_prefix=topic_prefix) as running:
        left = await live_on_kafka(running, kafka_bootstrap, deaths(SEED))
    assert_the_same(left, undisturbed)


async def test_a_worker_killed_at_twenty_points_on_the_embedded_log_raises_the_same_events(
    undisturbed: Left, tmp_path: Path
) -> None:
    with platform(tmp_path, topic_prefix="kill.") as running:
        left = await live_embedded(running, deaths(SEED))
    assert_the_same(left, undisturbed)


def test_the_prepared_log_has_what_a_death_could_spoil(undisturbed: Left) -> None:
    assert {rule: undisturbed.transitions[rule] & raised for rule, raised in RAISED.items()} == RAISED
    assert undisturbed.sums.judged > 10_000
    assert min(undisturbed.sums.duplicate, undisturbed.sums.too_late) > 100


async def live_on_kafka(running: Platform, bootstrap: str, dying: Sequence[Death]) -> Left:
    """`urbansense rules-worker` again and again, beside one correlator."""
    settings = running.settings
    await prepare(settings)
    worker = running.forked("rules-worker", run_command, "rules-worker")
    correlator = running.forked("correlator", run_command, "correlator").start()
    log = await open_log(settings.log_url, settings.data_dir)
    feeding: list[asyncio.Task[None]] = []

    async def begin(last: int) -> None:
        worker.start()
        feeding.append(asyncio.create_task(feed(log, settings.topics, first[0], last)))
        first[0] = last

    first = [0]

    async def died() -> None:
        await dismiss_members(bootstrap, f"{settings.topic_prefix}rules")
        await feeding[-1]

    try:
        async with kafka_progress(log, settings.topics, bootstrap) as progress:
            await live(running, worker, progress, begin, died, dying)
            print(f"{await progress.undone()} events were written in transactions that a death undid")
    finally:
        await log.close()
    assert correlator.stop() == 0, correlator.tail()
    return await fetch_left(settings)


async def live_embedded(running: Platform, dying: Sequence[Death]) -> Left:
    """Worker and correlator in the one process that holds the log, again and again."""
    settings = running.settings
    await prepare(settings)
    process = running.forked("judging", judge_in_one_process)

    async def begin(last: int) -> None:
        process.arguments = (last,)
        process.start()

    async def died() -> None:
        pass

    await live(running, process, FileProgress(settings.data_dir / EMBEDDED_FILE, settings.topics), begin, died, dying)
    return await fetch_left(settings)


async def live(
    running: Platform,
    worker: Forked,
    progress: Progress,
    begin: Callable[[int], Awaitable[None]],
    died: Callable[[], Awaitable[None]],
    dying: Sequence[Death],
) -> None:
    """A life for each death, and one more to the end of the log, in good order."""
    try:
        for death in dying:
            await live_until(death, running, worker, progress, begin)
            worker.kill()
            await died()
        await begin(INSTANTS)
        everything = records_before(running.settings.topics, INSTANTS)

        async def settled() -> bool:
            assert worker.running, worker.tail()
            return await progress.judged() == everything and await progress.is_level()

        await until(settled, 40, "everything is judged and passed on")
        assert worker.stop() == 0, worker.tail()
    except BaseException as error:
        error.add_note(f"the deaths of seed {SEED}: {dying}\n{running.words()}")
        raise


async def live_until(
    death: Death, running: Platform, worker: Forked, progress: Progress, begin: Callable[[int], Awaitable[None]]
) -> None:
    """A life, up to the moment of its death."""
    fed = records_before(running.settings.topics, death.last)
    count: Callable[[], Awaitable[int]] = getattr(progress, death.sight)
    before = await count()
    span = EVENTS_OF_A_STRETCH if death.sight in ("raised", "announced") else fed - before
    goal = before + 1 + int(death.share * (span - 1))
    await begin(death.last)

    async def passed() -> bool:
        assert worker.running, worker.tail()
        return await count() >= goal

    await until(passed, 30, f"{death.sight} has come from {before} to {goal}", every_s=0.001)


def assert_the_same(left: Left, undisturbed: Left) -> None:
    """Every event, to the byte, once; and every report is accounted for, in the same way."""
    assert left.twice == []
    assert left.raised == undisturbed.raised
    assert left.final == undisturbed.final
    assert left.pending == 0
    sums, whole = left.sums, undisturbed.sums
    assert sums.judged + sums.duplicate + sums.too_late + sums.no_rule == left.reports == undisturbed.reports
    assert (sums.judged, sums.duplicate, sums.too_late, sums.no_rule) == (
        (whole.judged, whole.duplicate, whole.too_late, whole.no_rule)
    )
