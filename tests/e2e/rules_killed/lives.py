"""Lives of rules workers on the prepared log: each but the last ends by kill -9 at a seeded point of its own progress."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from domain.topics import Topics
from rules.worker.sums import rules_group
from streams.opening.by_url import EMBEDDED_FILE, open_log
from streams.ports import Log
from tests.e2e.disturbed.witness import until
from tests.e2e.processes.forked import run_command
from tests.e2e.processes.platform import Platform
from tests.e2e.processes.progress import FileProgress, KafkaProgress, Progress, dismiss_members, kafka_progress
from tests.e2e.rules_killed.judging import judge_in_one_process, prepare
from tests.e2e.rules_killed.prepared import INSTANTS, records_before, telemetry

SEED: Final = int(os.environ.get("URBANSENSE_TEST_SEED", "20260303"))
"""Of the moments of the kills."""
_EVENTS: Final = 30
"""Fewer than any stretch of the prepared log raises."""
_AHEAD: Final = 500
"""How far a feeder of the embedded log may be ahead of the worker: some four instants, so that a life commits often."""


@dataclass(frozen=True)
class Death:
    """Once everything before the instant `last` is being fed, when the count `sight` has gone `share` of its way."""

    last: int
    sight: str
    share: float


def deaths(seed: int, kills: int) -> list[Death]:
    """One in each stretch of the prepared log; what is behind the last is lived to its end."""
    random = Random(seed)
    stretch = INSTANTS / (kills + 1)
    return [
        Death(
            last=int(stretch * (number + random.uniform(-0.3, 0.3))),
            sight=random.choice(["fed", "judged", "raised", "raised", "announced"]),
            share=random.random(),
        )
        for number in range(1, kills + 1)
    ]


class Lives(Protocol):
    """Rules that may be killed and begun again."""

    topics: Topics

    @property
    def progress(self) -> Progress:
        """The counts of what has been done so far, in all lives."""

    def start(self, last: int) -> None:
        """Start what is dead; an embedded log feeds itself from here on with what comes before the instant `last`."""

    async def feed(self, last: int) -> None:
        """Append what comes before the instant `last`, where the log serves others than the worker."""

    async def die(self) -> None:
        """Kill -9 of one worker."""

    def check(self) -> None:
        """Fails where a process has ended on its own."""

    def stop(self) -> None:
        """In good order. Fails where that is not how it ends."""


class EmbeddedLives:
    """Worker and correlator in the one process that holds the log."""

    def __init__(self, running: Platform) -> None:
        self.topics = running.settings.topics
        self.progress: Progress = FileProgress(running.settings.data_dir / EMBEDDED_FILE, self.topics)
        self._process = running.forked("judging", judge_in_one_process)

    def start(self, last: int) -> None:
        self._process.arguments = (last, _AHEAD if last < INSTANTS else records_before(self.topics, INSTANTS))
        self._process.start()

    async def feed(self, last: int) -> None:
        pass

    async def die(self) -> None:
        self._process.kill()

    def check(self) -> None:
        assert self._process.running, self._process.tail()

    def stop(self) -> None:
        assert self._process.stop() == 0, self._process.tail()


class KafkaLives:
    """`urbansense rules-worker`, one or several times, beside one correlator. The workers die by turns."""

    def __init__(self, running: Platform, workers: int, bootstrap: str, log: Log, progress: KafkaProgress) -> None:
        self.topics = running.settings.topics
        self.progress = progress
        self.workers = [running.forked(f"rules-worker-{n}", run_command, "rules-worker") for n in range(workers)]
        self._correlator = running.forked("correlator", run_command, "correlator").start()
        self._bootstrap, self._log = bootstrap, log
        self._fed = 0
        self._turn = 0

    def start(self, last: int) -> None:
        for worker in self.workers:
            if not worker.running:
                worker.start()

    async def feed(self, last: int) -> None:
        for n in range(self._fed, last):
            await self._log.append(next(telemetry(self.topics, n, n + 1)))
        self._fed = max(self._fed, last)

    async def die(self) -> None:
        self.workers[self._turn % len(self.workers)].kill()
        self._turn += 1
        await self.dismiss()

    async def dismiss(self) -> None:
        """Kafka shares the partitions out anew. Workers that live join again."""
        await dismiss_members(self._bootstrap, rules_group(self.topics))

    def check(self) -> None:
        for process in (*self.workers, self._correlator):
            assert process.running, process.tail()

    def stop(self) -> None:
        for process in (*self.workers, self._correlator):
            assert process.stop() == 0, process.tail()


@asynccontextmanager
async def embedded_lives(running: Platform) -> AsyncIterator[EmbeddedLives]:
    await prepare(running.settings)
    yield EmbeddedLives(running)


@asynccontextmanager
async def kafka_lives(running: Platform, bootstrap: str, workers: int = 1) -> AsyncIterator[KafkaLives]:
    settings = running.settings
    await prepare(settings)
    log = await open_log(settings.log_url, settings.data_dir)
    try:
        async with kafka_progress(log, settings.topics, bootstrap) as progress:
            yield KafkaLives(running, workers, bootstrap, log, progress)
    finally:
        await log.close()


async def live_and_die(lives: Lives, dying: Sequence[Death]) -> None:
    """A life for each death, and one more to the end of the log."""
    for number, death in enumerate(dying):
        try:
            await _live_until(death, lives)
        except BaseException as error:
            error.add_note(f"in life {number + 1}")
            raise
        await lives.die()
    lives.start(INSTANTS)
    await lives.feed(INSTANTS)
    await settle(lives)


async def settle(lives: Lives) -> None:
    """Everything is judged and passed on, and every process stopped."""
    everything = records_before(lives.topics, INSTANTS)

    async def settled() -> bool:
        lives.check()
        return await lives.progress.judged() == everything and await lives.progress.is_level()

    await until(settled, 60, "everything is judged and passed on")
    lives.stop()


async def _live_until(death: Death, lives: Lives) -> None:
    count: Callable[[], Awaitable[int]] = getattr(lives.progress, death.sight)
    before = await count()
    span = _EVENTS if death.sight in ("raised", "announced") else records_before(lives.topics, death.last) - before
    goal = before + 1 + int(death.share * (span - 1))

    async def passed() -> bool:
        lives.check()
        return await count() >= goal

    lives.start(death.last)
    feeding = asyncio.create_task(lives.feed(death.last))
    try:
        await until(passed, 60, f"{death.sight} has gone from {before} to {goal}", every_s=0.001)
    finally:
        await feeding
