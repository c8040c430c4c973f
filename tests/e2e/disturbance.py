"""The run under test: a sender that keeps to the simulated clock, and kill -9 at seeded points of each stage's own work."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import orjson

from domain.mqtt import SIMULATED_CLOCK_TOPIC, MqttEndpoint, parse_mqtt_url
from simulators.clocks import SimulatedClock
from simulators.driver import DriveReport, drive
from simulators.publisher import Publisher, Tally
from tests.e2e.witness import until
from tests.e2e.workload import EVERY_MS, INSTANTS, REPORTS, START_MS, Workload
from tests.servers.processes import Process

SENDS_FOR_S = 4
"""The sender is held back so long that kills meet messages on their way: about half of what a gateway can take here. What
waits while a process is down comes at full speed after it."""


async def until_heard(broker: MqttEndpoint, clock_ms: int) -> None:
    """Return when a gateway has subscribed: from here on the broker keeps for it whatever is published.

    It is asked by the simulated clock, which then stands at `clock_ms`.
    """
    async with Publisher(broker, "e2e-listening") as publisher:

        async def heard() -> bool:
            tally = Tally()
            await publisher.publish(SIMULATED_CLOCK_TOPIC, orjson.dumps({"sent_at_ms": clock_ms}), tally)
            await publisher.drain()
            return tally.acknowledged == 1 and not tally.unheard

        await until(heard, 60, "a gateway listens")


async def send(mqtt_url: str, work: Workload, stop: asyncio.Event | None = None) -> DriveReport:
    """Publish the whole workload at QoS 1 and let the clock run out."""
    clock = SimulatedClock(speed=INSTANTS * EVERY_MS / 1000 / SENDS_FOR_S)
    broker = parse_mqtt_url(mqtt_url)
    await until_heard(broker, START_MS - EVERY_MS)
    async with Publisher(broker, "e2e-sender") as publisher:
        return await drive(work.reports(), publisher, clock, stop or asyncio.Event())


def kill_points(random: Random, kills: int) -> list[int]:
    """How much work is done when each kill comes: one point in each of `kills` stretches of the run, but its ends."""
    stretch = 0.8 * REPORTS / kills
    return [int(0.1 * REPORTS + stretch * (n + random.random())) for n in range(kills)]


async def kill_and_restart(process: Process, done: Callable[[], Awaitable[int]], points: Sequence[int]) -> None:
    """Kill -9 and start again whenever `done` has passed the next point."""
    for point in points:

        async def passed(point: int = point) -> bool:
            return await done() >= point

        await until(passed, 60, f"{process.log.stem} has done {point}", every_s=0.005)
        process.kill()
        process.start()
