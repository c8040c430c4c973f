"""Publishes what leaves a city, in the order of its time, and under simulated time the clock behind it.

departures ──▶ encode ──▶ publish at QoS 1 ──▶ … all acknowledged ──▶ clock T, just before the next departure
labels of the truth ──▶ urbansense/truth
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import orjson

from domain.mqtt import SIMULATED_CLOCK_TOPIC
from simulators.dialects.reports import MqttMessage, Report
from simulators.publish.clocks import SimulatedClock, WallClock
from simulators.publish.connection import PublishCounts, Publishing
from simulators.publish.departures import Departure, Leaving, Revelation, spoilt
from simulators.publish.dialect_sessions import NativeSessions
from simulators.truth.labels import Label

_YIELD_EVERY = 50
_CLOCK_EVERY_S = 1.0


TRUTH_TOPIC: Final = "urbansense/truth"
"""Where the labels of a simulation are published as they become true, one JSON object (`truth.labels.Label`) a message."""


class Sessions(Protocol):
    """How reports become messages. `encode` is called in the order of sending; what it gives is sent in its order."""

    def encode(self, report: Report) -> Sequence[MqttMessage]:
        """The messages that carry a report."""

    def closing(self, at_ms: int) -> Sequence[MqttMessage]:
        """The messages to send when no more reports will come."""


NATIVE: Final = NativeSessions()


@dataclass(frozen=True, slots=True)
class DriveReport:
    """What a drive did. The witness of the ledger: `distinct` reports and `spoilt` messages must be in the log.

    That holds when it is `complete`. `sent` counts messages; `unsure` reports at QoS 0, which nobody acknowledges; `again`
    reports that were sent before; `spoilt` those that nobody can read; `labels` the labels published. `speed_reached` is
    simulated seconds per second, 0 where nothing or only one instant was sent.
    """

    sent: int
    acknowledged: int
    refused: int
    unheard: int
    distinct: int
    unsure: int
    again: int
    spoilt: int
    labels: int
    first_sent_at_ms: int | None
    last_sent_at_ms: int | None
    clock_at_ms: int | None
    took_s: float

    @property
    def simulated_s(self) -> float:
        if self.first_sent_at_ms is None or self.last_sent_at_ms is None:
            return 0.0
        return (self.last_sent_at_ms - self.first_sent_at_ms) / 1000

    @property
    def speed_reached(self) -> float:
        return self.simulated_s / self.took_s if self.took_s > 0 else 0.0

    @property
    def complete(self) -> bool:
        """Whether every message was acknowledged, and received by a subscriber."""
        return self.sent == self.acknowledged and not self.unheard


async def drive(
    departures: Iterable[Leaving],
    publisher: Publishing,
    clock: SimulatedClock | WallClock,
    stop: asyncio.Event,
    *,
    sessions: Sessions = NATIVE,
    patience_s: float = 10.0,
) -> DriveReport:
    """Publish everything until it ends or `stop` is set; returns when all is acknowledged.

    Shape: `departures` in the order of their time; it may be endless.
    Time: under a `SimulatedClock` T is published only after everything sent up to T is acknowledged, T never goes back, and
    nothing is sent more than `step_ms` after the last T published before it.
    Delivery: at least once. After `stop` the broker has `patience_s` to answer what is under way; what it has not
    answered then is missing from `acknowledged`.
    """
    run = _Drive(publisher, clock, stop, sessions)
    body = asyncio.create_task(run.through(departures), name="drive")
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({body, stopped}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({body}, timeout=patience_s if not body.done() else None)
        if body.done():
            body.result()
    finally:
        for task in (body, stopped):
            task.cancel()
        await asyncio.gather(body, stopped, return_exceptions=True)
    return run.report()


@dataclass(slots=True)
class _Drive:
    publisher: Publishing
    clock: SimulatedClock | WallClock
    stop: asyncio.Event
    sessions: Sessions
    tally: PublishCounts = field(default_factory=PublishCounts)
    others: PublishCounts = field(default_factory=PublishCounts)
    distinct: int = 0
    unsure: int = 0
    again: int = 0
    spoilt: int = 0
    labels: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    clock_ms: int | None = None
    started_s: float = field(default_factory=time.monotonic)

    async def through(self, departures: Iterable[Leaving]) -> None:
        for number, departure in enumerate(departures):
            if isinstance(departure, Revelation):
                await self._reveal(departure.label)
                continue
            if self.stop.is_set() or not await self._time_has_come(departure.at_ms):
                break
            await self._send(departure)
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        await self.publisher.drain()
        for message in self.sessions.closing(self.last_ms or 0):
            await self.publisher.publish(message, self.others)
        if isinstance(self.clock, SimulatedClock) and self.last_ms is not None:
            on_to_ms = None if self.stop.is_set() else self.clock.run_on_to_ms
            await self._publish_time(max(self.last_ms, on_to_ms or self.last_ms))
            await self.publisher.drain()

    def report(self) -> DriveReport:
        return DriveReport(
            sent=self.tally.sent,
            acknowledged=self.tally.acknowledged,
            refused=self.tally.refused,
            unheard=self.tally.unheard,
            distinct=self.distinct,
            unsure=self.unsure,
            again=self.again,
            spoilt=self.spoilt,
            labels=self.labels,
            first_sent_at_ms=self.first_ms,
            last_sent_at_ms=self.last_ms,
            clock_at_ms=self.clock_ms,
            took_s=time.monotonic() - self.started_s,
        )

    async def _send(self, departure: Departure) -> None:
        messages = [self._assured(message) for message in self.sessions.encode(departure.report)]
        for message in messages:
            if departure.garbled is not None:
                message = replace(message, payload=spoilt(message.payload, departure.garbled))
            await self.publisher.publish(message, self.tally)
        self.last_ms = departure.at_ms
        if any(message.qos == 0 for message in messages):
            self.unsure += 1
        elif messages:
            self.distinct += not departure.again and departure.garbled is None
            self.again += departure.again
            self.spoilt += departure.garbled is not None

    def _assured(self, message: MqttMessage) -> MqttMessage:
        """Under simulated time at QoS 1, whatever the dialect asks for: QoS 0 would overtake the clock in the queue."""
        return replace(message, qos=1) if isinstance(self.clock, SimulatedClock) else message

    async def _reveal(self, label: Label) -> None:
        payload = label.model_dump_json(exclude_defaults=True).encode()
        await self.publisher.publish(MqttMessage(TRUTH_TOPIC, payload), self.others)
        self.labels += 1

    async def _time_has_come(self, at_ms: int) -> bool:
        """Wait for the moment to send what leaves at `at_ms`, the clock published; False when stopped meanwhile."""
        if self.first_ms is None:
            self.first_ms, self.started_s = at_ms, time.monotonic()
        if isinstance(self.clock, WallClock):
            return not await self._stopped_within(at_ms / 1000 - time.time())
        if self.clock.speed is not None and not await self._keep_pace(self.first_ms, at_ms, self.clock.speed):
            return False
        if self.clock_ms is None or at_ms > self.clock_ms + self.clock.step_ms:
            await self._publish_time(at_ms - 1)
        return True

    async def _keep_pace(self, first_ms: int, at_ms: int, speed: float) -> bool:
        """Wait so that `speed` is not exceeded, publishing the clock every second on the way; False when stopped."""
        due_s = self.started_s + (at_ms - first_ms) / 1000 / speed
        while (ahead_s := due_s - time.monotonic()) > 0:
            if await self._stopped_within(min(ahead_s, _CLOCK_EVERY_S)):
                return False
            if ahead_s > _CLOCK_EVERY_S:
                await self._publish_time(
                    min(at_ms - 1, first_ms + int((time.monotonic() - self.started_s) * 1000 * speed))
                )
        return True

    async def _publish_time(self, at_ms: int) -> None:
        """Publish to the gateways that it is `at_ms`, once all that was sent so far is acknowledged; never back in time."""
        if self.clock_ms is None or at_ms > self.clock_ms:
            await self.publisher.drain()
            clock = MqttMessage(SIMULATED_CLOCK_TOPIC, orjson.dumps({"sent_at_ms": at_ms}))
            await self.publisher.publish(clock, self.others)
            self.clock_ms = at_ms

    async def _stopped_within(self, wait_s: float) -> bool:
        if wait_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), wait_s)
        return self.stop.is_set()
