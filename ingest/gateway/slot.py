"""One gateway slot: from MQTT to the log, acknowledged only when the log has it.

    broker ──PUBLISH──▶ session ──▶ pipeline ──▶ log.append ──durable──▶ PUBACK
              clock ─────────────────────────────▶ (all before it durable) ──▶ tick on every telemetry partition
              stateful dialects ▶ receive ──▶ the same, once settled; requests to devices where something is missing

Work waits in one queue in order of receipt: an entry is a stretch of messages whose records were handed to the log
together, or one clock message. The acknowledging task takes them one by one, so PUBACKs keep the order of receipt and a
tick is written only behind everything received before it. Only a part of a report stands outside of that order: it is
received, in this sense, with the part that completes the report (or is given up), and acknowledged behind it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time, time_ns
from typing import Final, Protocol

import orjson
import structlog

from domain.dialects import STATEFUL_ROOTS
from domain.errors import Fenced
from domain.topics import TICK_HEADERS
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket, is_stateful
from ingest.gateway.claim import ClaimFault, Claims
from ingest.gateway.clock import read_clock
from ingest.gateway.counters import GatewayCounters
from ingest.gateway.end_mark import EndMark
from ingest.gateway.mqtt.frames import Publish
from ingest.gateway.mqtt.session import MqttSession, SessionSettings, first_of
from ingest.gateway.settings import GatewaySettings
from ingest.pipeline.answer import Answer
from streams.ports import Log, Outgoing
from streams.reading.ticks import last_tick_ms

_log = structlog.get_logger()
_PUBACK: Final = b"\x40\x02"
_DRAIN_TIMEOUT_S: Final = 30.0
_MARK_AGAIN_S: Final = 5.0
_SWEEP_S: Final = 1.0
_ROOTS: Final = (*STATEFUL_ROOTS, "urbansense/")
_LOW, _HIGH = min(_ROOTS), f"{max(_ROOTS)[:-1]}0"
"""The least range that holds the stateful dialects and the platform's own topics: `0` comes after `/`."""


class Decoder(Protocol):
    """What turns a message into records (`ingest.pipeline.message_to_records.Pipeline`)."""

    def records(self, message: MqttMessage) -> list[Outgoing]:
        """At least one record for any message of a stateless dialect; never raises."""

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


@dataclass
class Gateway:
    """The service of one slot. What is in flight is bounded by Receive Maximum; beyond it the socket is not read."""

    settings: GatewaySettings
    log: Log
    decoder: Decoder
    now_ms: Callable[[], int] = lambda: int(time() * 1000)
    since_ns: int = field(default_factory=time_ns)
    counters: GatewayCounters = field(default_factory=GatewayCounters)
    on_emptied: Callable[[], None] = lambda: None
    _in_flight: int = 0
    _clock_sent: bool = False
    _simulated_ms: int = 0
    _queue: asyncio.Queue[_InFlight] = field(init=False)
    _session: MqttSession = field(init=False)
    _claims: Claims = field(init=False)
    _end: EndMark = field(default_factory=EndMark)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then acknowledge what the log takes and leave the rest to the broker's session.

        What the broker queued under the slot's former client ids is received first, and `on_emptied` called once it is
        all in the log. Raises: domain.errors.Fenced when another process holds the slot now.
        """
        settings = self.settings
        self._claims = Claims(settings.installation_key, settings.name, settings.client_id)
        if settings.simulated_clock:
            self._simulated_ms = await last_tick_ms(self.log, settings.topics)
        if settings.former_client_ids:
            await self._succeed(stop)
        if not stop.is_set():
            async with self._at_work(settings.session(), self._connected) as tasks:
                clock = tasks.create_task(self._send_clock())
                await stop.wait()
                clock.cancel()
            await self._session.close()
        if settings.end_session:
            await self._empty(settings.client_id, asyncio.Event())

    @asynccontextmanager
    async def _at_work(
        self, session: SessionSettings, on_connected: Callable[[], None]
    ) -> AsyncIterator[asyncio.TaskGroup]:
        """Inside, messages of the session go to the log and are acknowledged; at the end, what is in flight still is."""
        self._queue, self._in_flight = asyncio.Queue(), 0
        self._session = MqttSession(session, self._receive, on_connected)
        halt = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._session.run(halt))
            acknowledging = tasks.create_task(self._acknowledge())
            sweeping = tasks.create_task(self._sweep())
            yield tasks
            halt.set()
            sweeping.cancel()
            self._session.pause()
            await self._drain()
            acknowledging.cancel()

    async def _succeed(self, stop: asyncio.Event) -> None:
        """Receive what is queued under former client ids, before anything newer: some dialects depend on the order.

        The session of today's id is made first, so that nothing is published between the two.
        """
        former = self.settings.former_client_ids
        self.counters.former_sessions = len(former)
        async with self._at_work(self.settings.session(), lambda: None):
            await first_of(self._session.subscribed, stop)
        await self._session.close()
        for client_id in former:
            try:
                self.counters.former_sessions -= await self._empty(client_id, stop)
            except* Fenced:
                await self._session.close()
        if not self.counters.former_sessions:
            self.on_emptied()
        elif not stop.is_set():
            _log.error(
                "another client holds a former client id of the slot: what the broker queued under it is not received",
                slot=self.settings.name,
                remedy="stop the process of an earlier release or key, then start this one again",
            )

    async def _empty(self, client_id: str, stop: asyncio.Event) -> bool:
        """Receive what the broker has queued under this id, which takes no more, and end its session.

        Whether that was done; not so where `stop` came first, or another client cut in again and again.
        """
        self._end = end = EndMark()
        received = self.counters.received
        async with self._at_work(self.settings.leaving(client_id), self._mark_end):
            while not end.over.is_set() and not stop.is_set():
                await first_of(end.over, stop, timeout_s=_MARK_AGAIN_S)
                self._session.publish(self.settings.end_topic, end.payload)
            self._hand_over(*self._act_on(self.decoder.sweep(everything=True)))
            done = end.reached and await self._joined(stop)
        await self._session.close(end_session=done)
        if done:
            count = self.counters.received - received
            _log.info("a session of the slot is received to its end", slot=self.settings.name, messages=count)
        return done

    def _mark_end(self) -> None:
        self._end.connected()
        self._session.publish(self.settings.end_topic, self._end.payload)

    async def _joined(self, stop: asyncio.Event) -> bool:
        """Wait until the log has everything in flight, or until `stop`; whether it has."""
        waiting = asyncio.ensure_future(self._queue.join()), asyncio.ensure_future(stop.wait())
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        joined = waiting[0].done()
        for one in waiting:
            one.cancel()
        return joined

    @property
    def connected(self) -> bool:
        return hasattr(self, "_session") and self._session.connected

    def _connected(self) -> None:
        self._session.publish(self.settings.claim_topic, self._claims.write(self.since_ns), retain=True)
        self.counters.reconnects += 1
        self._clock_sent = False
        self._publish_clock()

    def _receive(self, publishes: list[Publish]) -> None:
        records: list[Outgoing] = []
        pubacks: list[bytes] = []
        count = own = 0
        received_at_ms = self._received_at_ms()
        decode, low, high = self.decoder.records, _LOW, _HIGH
        own_topics = (self.settings.clock_topic, self.settings.claim_topic, self.settings.end_topic)
        for topic, payload, packet_id, content_type in publishes:
            # Most topics stand outside of the range and are spared the closer look; inside it costs time only.
            if low <= topic < high:
                if topic in own_topics:
                    own += 1
                    self._hand_over(records, pubacks, count)
                    self._receive_own(topic, payload, packet_id)
                    records, pubacks, count = [], [], 0
                    received_at_ms = self._received_at_ms()
                    continue
                if is_stateful(topic):
                    message = MqttMessage(topic, payload, received_at_ms, content_type)
                    settled_records, ids, settled = self._act_on(self.decoder.receive(message, self._ticket(packet_id)))
                    records += settled_records
                    pubacks += ids
                    count += settled
                    continue
            records += decode(MqttMessage(topic, payload, received_at_ms, content_type))
            count += 1
            if packet_id is not None:
                pubacks.append(packet_id)
        self.counters.received += len(publishes) - own
        self._hand_over(records, pubacks, count)
        if self._in_flight > 2 * self.settings.receive_maximum:
            self._session.pause()

    def _received_at_ms(self) -> int:
        return self._simulated_ms if self.settings.simulated_clock else self.now_ms()

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
        if not count and not records:
            return
        self._in_flight += count
        pubacks = _PUBACK + _PUBACK.join(packet_ids) if packet_ids else b""
        durable = self.log.append(records) if records else None
        self._queue.put_nowait(_InFlight(self._session.connection, durable, pubacks, count))

    def _receive_own(self, topic: str, payload: bytes, packet_id: bytes | None) -> None:
        """A message of the slot's own: the clock, or a claim to the slot."""
        tick_at_ms = read_clock(payload) if topic == self.settings.clock_topic else None
        if topic == self.settings.claim_topic:
            self._receive_claim(payload)
        elif topic == self.settings.end_topic:
            self._end.receive(payload)
        elif tick_at_ms is None:
            _log.warning("a clock message that cannot be read was ignored", payload=payload[:200])
        elif self.settings.simulated_clock:
            self._simulated_ms = max(self._simulated_ms, tick_at_ms)
        pubacks = _PUBACK + packet_id if packet_id is not None else b""
        self._queue.put_nowait(_InFlight(self._session.connection, None, pubacks, 0, tick_at_ms))

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
        self._clock_sent = False
        self.counters.ticks += 1
        self.counters.last_tick_ms = tick_at_ms

    async def _send_clock(self) -> None:
        """One clock message a second, never a second one while the first waits behind the backlog."""
        while not self.settings.simulated_clock:
            self._publish_clock()
            await asyncio.sleep(1.0)

    def _publish_clock(self) -> None:
        """Publish the clock's time, unless the last one still waits behind the backlog."""
        if not self._clock_sent and self._session.connected and not self.settings.simulated_clock:
            self._session.publish(self.settings.clock_topic, orjson.dumps({"sent_at_ms": self.now_ms()}))
            self._clock_sent = True

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

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_TIMEOUT_S):
                await self._queue.join()
        except TimeoutError:
            _log.warning("stopped before the log took everything; the broker keeps it", messages=self._in_flight)
