"""The run under test: a sender that keeps to the simulated clock, and kill -9 at seeded points of each stage's own work."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from random import Random
from typing import Final

import orjson

from domain.mqtt import SIMULATED_CLOCK_TOPIC, MqttEndpoint, parse_mqtt_url
from simulators.dialects.reports import MqttMessage
from simulators.publish.clocks import SimulatedClock
from simulators.publish.connection import PublishCounts, Publisher
from simulators.publish.departures import on_time
from simulators.publish.driver import DriveReport, drive
from streams.opening.by_url import EMBEDDED_FILE
from tests.e2e.disturbed.witness import until
from tests.e2e.disturbed.workload import EVERY_MS, INSTANTS, REPORTS, START_MS, Workload
from tests.servers.kafka import KafkaServer
from tests.servers.processes import Process

SENDS_FOR_S: Final = 6
"""The sender is held back so long, that kills may meet messages on their way. What waits while a process is down comes at
full speed after it."""
HANDFUL: Final = 1000
"""Messages that come while the log takes nothing, before a process is killed. A gateway may have 2,000 in hand."""


class Sender:
    """Publishes the workload at QoS 1; others may see how far it is. It is a `simulators.publish.connection.Publishing`."""

    def __init__(self, mqtt_url: str) -> None:
        self.published = 0
        self.finished = False
        self._broker = parse_mqtt_url(mqtt_url)

    async def send(self, work: Workload) -> DriveReport:
        """All of it, with the clock; once a gateway listens."""
        await until_heard(self._broker, START_MS - EVERY_MS)
        clock = SimulatedClock(speed=INSTANTS * EVERY_MS / 1000 / SENDS_FOR_S)
        async with Publisher(self._broker, "e2e-sender") as self._publisher:
            sent = await drive(on_time(work.reports()), self, clock, asyncio.Event())
        self.finished = True
        return sent

    async def publish(self, message: MqttMessage, tally: PublishCounts) -> None:
        await self._publisher.publish(message, tally)
        self.published += 1

    async def drain(self) -> None:
        await self._publisher.drain()


class Standstill:
    """The log takes nothing for a while, so that everybody's hands fill: whoever is killed then has most to lose."""

    def __init__(
        self, sender: Sender, hold: Callable[[], AbstractContextManager[None]], handful: int = HANDFUL
    ) -> None:
        self._sender = sender
        self._handful = handful
        self._hold = hold
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """A handful of messages has come, and the log has taken none of them."""
        async with self._one_at_a_time:
            with self._hold():
                goal = self._sender.published + self._handful

                async def full() -> bool:
                    return self._sender.published >= goal or self._sender.finished

                await until(full, 20, "hands are full", every_s=0.01)
                yield


@contextmanager
def kafka_paused(server: KafkaServer) -> Iterator[None]:
    """Kafka's process stands still."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@contextmanager
def embedded_log_locked(data_dir: Path) -> Iterator[None]:
    """Somebody else writes to the embedded log's file, for less than the five seconds that SQLite waits."""
    with closing(sqlite3.connect(data_dir / EMBEDDED_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def until_heard(broker: MqttEndpoint, clock_ms: int) -> None:
    """Return when a gateway has subscribed: from here on the broker keeps for it whatever is published.

    It is asked by the simulated clock, which then stands at `clock_ms`.
    """
    async with Publisher(broker, "e2e-listening") as publisher:

        async def heard() -> bool:
            tally = PublishCounts()
            clock = MqttMessage(SIMULATED_CLOCK_TOPIC, orjson.dumps({"sent_at_ms": clock_ms}))
            await publisher.publish(clock, tally)
            await publisher.drain()
            return tally.acknowledged == 1 and not tally.unheard

        await until(heard, 60, "a gateway listens")


def kill_points(random: Random, kills: int, work: int = REPORTS) -> list[int]:
    """How much work is done when each kill comes: one point in each of `kills` stretches of the run, but its ends."""
    stretch = 0.8 * work / kills
    return [int(0.1 * work + stretch * (n + random.random())) for n in range(kills)]


async def kill_and_restart(
    process: Process, done: Callable[[], Awaitable[int]], points: Sequence[int], standstill: Standstill
) -> None:
    """Kill -9 and start again whenever `done` has passed the next point: by turns with full hands and on the fly."""
    for number, point in enumerate(points):

        async def passed(point: int = point) -> bool:
            return await done() >= point

        await until(passed, 60, f"{process.log.stem} has done {point}", every_s=0.005)
        if number % 2 == 0:
            async with standstill():
                process.kill()
        else:
            process.kill()
        process.start()
