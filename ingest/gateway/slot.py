"""One gateway slot: from MQTT to the log, acknowledged only when the log has it.

    broker ──PUBLISH──▶ session ──▶ pipeline ──▶ log.append ──durable──▶ PUBACK
              clock ─────────────────────────────▶ (all before it durable) ──▶ tick on every telemetry partition
              stateful dialects ▶ receive ──▶ the same, once settled; requests to devices where something is missing

Work waits in one queue in order of receipt: an entry is a stretch of messages whose records were handed to the log
together, or one clock message. The acknowledging task takes them one by one, so PUBACKs keep the order of receipt and a
tick is written only behind everything received before it. Two things stand outside of that order. A part of a report is
received, in this sense, with the part that completes the report (or is given up), and acknowledged behind it. A message
that is refused and only counted is held until the record that counts it with others, ten seconds or until there are many.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import time, time_ns
from typing import Final, Protocol

import orjson
import structlog

from domain.dialects import STATEFUL_ROOTS
from domain.topics import TICK_HEADERS
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket, is_stateful
from ingest.gateway.claim import ClaimFault, Claims
from ingest.gateway.clock.simulated import SimulatedTime
from ingest.gateway.clock.wall import WallTime, monotonic_ms
from ingest.gateway.mqtt.frames import Publish
from ingest.gateway.mqtt.session import MqttSession, SessionSettings
from ingest.gateway.settings import GatewaySettings
from ingest.pipeline.answer import Answer
from streams.ports import Log, Outgoing
from streams.reading.ticks import last_tick_ms

_log = structlog.get_logger()
_PUBACK: Final = b"\x40\x02"
_DRAIN_TIMEOUT_S: Final = 30.0
_QUIET_S: Final = 2.0
_SWEEP_S: Final = 1.0
_ROOTS: Final = (*STATEFUL_ROOTS, "urbansense/")
_LOW, _HIGH = min(_ROOTS), f"{max(_ROOTS)[:-1]}0"
"""The least range that holds the stateful dialects and the platform's own topics: `0` comes after `/`."""


class Decoder(Protocol):
    """What turns a message into records (`ingest.pipeline.message_to_records.Pipeline`)."""

    def records(self, message: MqttMessage) -> list[Outgoing]:
        """The records of a message of a stateless dialect; none where it is to be held. Never raises."""

    @property
    def held(self) -> int:
        """How many messages wait to be released."""

    def hold(self, ticket: Ticket) -> None:
        """The ticket of a message without a record, which is counted with others."""

    def release(self, *, everything: bool = False) -> Answer:
        """The records that count what is held, and the tickets behind them."""

    def receive(self, message: MqttMessage, ticket: Ticket | None = None) -> Answer:
        """The same for the stateful ones; `ticket` is settled by this answer or a later one. Never raises."""

    def sweep(self, *, everything: bool = False) -> Answer:
        """A second has passed. `everything`: conclude all that waits. Never raises."""


@dataclass(slots=True)
class _InFlight:
    """Messages received on one connection whose records are on their way to the log."""

    connection: int
    durable: Awaitable[None] | None
    pubacks: bytes
    messages: int
    tick_at_ms: int | None = None


@dataclass(slots=True)
class GatewayCounters:
    """Since the process began; messages, not reports."""

    received: int = 0
    acknowledged: int = 0
    ticks: int = 0
    last_tick_ms: int = 0
    reconnects: int = -1
    claims_ignored: Counter[ClaimFault] = field(default_factory=Counter)


@dataclass
class Gateway:
    """The service of one slot. What is in flight is bounded by Receive Maximum; beyond it the socket is not read."""

    settings: GatewaySettings
    log: Log
    decoder: Decoder
    now_ms: Callable[[], int] = lambda: int(time() * 1000)
    monotonic_ms: Callable[[], int] = monotonic_ms
    since_ns: int = field(default_factory=time_ns)
    counters: GatewayCounters = field(default_factory=GatewayCounters)
    _in_flight: int = 0
    clock: WallTime | SimulatedTime = field(init=False)
    _queue: asyncio.Queue[_InFlight] = field(init=False)
    _session: MqttSession = field(init=False)
    _claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SimulatedTime(0) if self.settings.simulated_clock else WallTime(self.now_ms, self.monotonic_ms)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then acknowledge what the log takes and leave the rest to the broker's session.

        Raises: domain.errors.Fenced when another process connected under this slot's client id.
        """
        self._queue = asyncio.Queue()
        settings = self.settings
        self._claims = Claims(settings.installation_key, settings.name, settings.client_id)
        self._session = MqttSession(
            SessionSettings(
                settings.endpoint,
                settings.client_id,
                settings.name,
                settings.filters,
                settings.receive_maximum,
                settings.former_filters,
            ),
            self._receive,
            self._connected,
        )
        if settings.simulated_clock:
            self.clock = SimulatedTime(await last_tick_ms(self.log, settings.topics))
        halt = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._session.run(halt))
            acknowledging = tasks.create_task(self._acknowledge())
            clock = tasks.create_task(self._send_clock())
            sweeping = tasks.create_task(self._sweep())
            await stop.wait()
            if settings.end_session:
                await self._receive_what_is_queued()
                self._hand_over(*self._act_on(self.decoder.sweep(everything=True)))
            halt.set()
            sweeping.cancel()
            self._session.pause()
            clock.cancel()
            self._hand_over(*self._act_on(self.decoder.release(everything=True)))
            await self._drain()
            acknowledging.cancel()
        await self._session.close(end_session=settings.end_session)

    @property
    def connected(self) -> bool:
        return hasattr(self, "_session") and self._session.connected

    def _connected(self) -> None:
        self._session.publish(self.settings.claim_topic, self._claims.write(self.since_ns), retain=True)
        self.counters.reconnects += 1
        self.clock.reconnected()
        self._publish_clock()

    def _receive(self, publishes: list[Publish]) -> None:
        records: list[Outgoing] = []
        pubacks: list[bytes] = []
        count = own = 0
        received_at_ms = self.clock.now_ms()
        decode, low, high = self.decoder.records, _LOW, _HIGH
        own_topics = (self.settings.clock_topic, self.settings.claim_topic)
        for topic, payload, packet_id, content_type in publishes:
            # Most topics stand outside of the range and are spared the closer look; inside it costs time only.
            if low <= topic < high:
                if topic in own_topics:
                    own += 1
                    tick_at_ms = self._receive_own(topic, payload, packet_id)
                    if tick_at_ms is not None and packet_id is not None:
                        self._hand_over(records, pubacks, count)
                        self._queue_tick(tick_at_ms, packet_id)
                        records, pubacks, count = [], [], 0
                        received_at_ms = self.clock.now_ms()
                    elif packet_id is not None:
                        pubacks.append(packet_id)
                    continue
                if is_stateful(topic):
                    message = MqttMessage(topic, payload, received_at_ms, content_type)
                    settled_records, ids, settled = self._act_on(self.decoder.receive(message, self._ticket(packet_id)))
                    records += settled_records
                    pubacks += ids
                    count += settled
                    continue
            found = decode(MqttMessage(topic, payload, received_at_ms, content_type))
            if not found:
                self.decoder.hold(self._ticket(packet_id))
                continue
            records += found
            count += 1
            if packet_id is not None:
                pubacks.append(packet_id)
        self.counters.received += len(publishes) - own
        self._hand_over(records, pubacks, count)
        if self.decoder.held >= self.settings.most_held:
            self._hand_over(*self._act_on(self.decoder.release()))
        if self._in_flight > 2 * self.settings.receive_maximum:
            self._session.pause()

    def _ticket(self, packet_id: bytes | None) -> Ticket:
        return Ticket(self._session.connection, packet_id)

    def _act_on(self, answer: Answer) -> tuple[list[Outgoing], list[bytes], int]:
        """Publish the requests; the records, and what they settle: packet ids to acknowledge, and how many messages."""
        for request in answer.requests:
            _log.info("sending a request to a device", topic=request.topic, why=request.why)
            self._session.publish(request.topic, request.payload, qos=0)
        mine = [one.packet_id for one in answer.settled if one.connection == self._session.connection]
        return answer.records, [packet_id for packet_id in mine if packet_id is not None], len(answer.settled)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._hand_over(*self._act_on(self.decoder.sweep()))

    def _hand_over(self, records: list[Outgoing], packet_ids: list[bytes], count: int) -> None:
        if not count and not records and not packet_ids:
            return
        self._in_flight += count
        pubacks = _PUBACK + _PUBACK.join(packet_ids) if packet_ids else b""
        durable = self.log.append(records) if records else None
        self._queue.put_nowait(_InFlight(self._session.connection, durable, pubacks, count))

    def _receive_own(self, topic: str, payload: bytes, packet_id: bytes | None) -> int | None:
        """A message of the slot's own: a claim to it, or the clock, whose tick is returned if it counts."""
        if topic == self.settings.clock_topic:
            return self.clock.count(payload, is_assured=packet_id is not None)
        self._receive_claim(payload)
        return None

    def _queue_tick(self, tick_at_ms: int, packet_id: bytes) -> None:
        """Behind all that was received before it; acknowledged once it is on the log."""
        self._queue.put_nowait(_InFlight(self._session.connection, None, _PUBACK + packet_id, 0, tick_at_ms))

    async def _acknowledge(self) -> None:
        while True:
            entry = await self._queue.get()
            if entry.durable is not None:
                await entry.durable
            elif entry.tick_at_ms is not None:
                await self._tick(entry.tick_at_ms)
            self._session.acknowledge(entry.connection, entry.pubacks)
            self.counters.acknowledged += entry.messages
            self._in_flight -= entry.messages
            if self._in_flight <= self.settings.receive_maximum:
                self._session.resume()
            self._queue.task_done()

    async def _tick(self, tick_at_ms: int) -> None:
        topics = self.settings.topics
        value = orjson.dumps({"gateway": self.settings.slot, "tick_at_ms": tick_at_ms})
        await self.log.append(
            [
                Outgoing(topic, None, value, TICK_HEADERS, partition)
                for topic in topics.all_telemetry
                for partition in range(topics.partitions)
            ]
        )
        self.clock.written()
        self.counters.ticks += 1
        self.counters.last_tick_ms = tick_at_ms

    async def _send_clock(self) -> None:
        """One clock message a second, but none while one waits behind the backlog."""
        while True:
            self.clock.now_ms()  # so that a jump is noticed while nothing is received, too
            self._publish_clock()
            await asyncio.sleep(1.0)

    def _publish_clock(self) -> None:
        if self._session.connected and (message := self.clock.due_message()) is not None:
            self._session.publish(self.settings.clock_topic, message)

    def _receive_claim(self, payload: bytes) -> None:
        """Mosquitto 2.0 cuts off the older of two processes on one slot without a reason; the younger one's claim is it."""
        claim = self._claims.read(payload, time_ns())
        if isinstance(claim, ClaimFault):
            if not self.counters.claims_ignored[claim]:
                _log.warning(
                    "a claim to the slot was ignored; more of its kind are only counted",
                    slot=self.settings.name,
                    reason=claim.value,
                    means=claim.meaning,
                )
            self.counters.claims_ignored[claim] += 1
        elif claim > self.since_ns:
            self._session.yield_slot()

    async def _receive_what_is_queued(self) -> None:
        """Give the slot up: no new share of the messages, and no end before the broker's queue for it is empty."""
        self._session.unsubscribe()
        seen = -1
        while seen != self.counters.received:
            seen = self.counters.received
            await asyncio.sleep(_QUIET_S)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_TIMEOUT_S):
                await self._queue.join()
        except TimeoutError:
            _log.warning("stopped before the log took everything; the broker keeps it", messages=self._in_flight)
