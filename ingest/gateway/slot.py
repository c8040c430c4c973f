"""One gateway slot: from MQTT to the log, acknowledged only when the log has it.

    broker ──PUBLISH──▶ session ──▶ pipeline ──▶ log.append ──durable──▶ PUBACK
              clock ─────────────────────────────▶ (all before it durable) ──▶ tick on every telemetry partition
              stateful dialects ▶ receive ──▶ the same, once settled; requests to devices where something is missing

Work waits in one queue in order of receipt: an entry is a stretch of messages whose records were handed to the log
together, or one clock message. The acknowledging task takes them one by one, so PUBACKs keep the order of receipt and a
tick is written only behind everything received before it. Two things stand outside of that order. A part of a report is
received, in this sense, with the part that completes the report (or is given up), and acknowledged behind it. A message
that is refused and only counted is held until the record that counts it with others, four seconds or until there are many.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time, time_ns
from typing import Final

import orjson
import structlog

from domain.dialects import STATEFUL_ROOTS
from domain.errors import Fenced
from domain.topics import TICK_HEADERS
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket, is_stateful
from ingest.gateway.claim import ClaimFault, Claims
from ingest.gateway.clock.simulated import SimulatedTime
from ingest.gateway.clock.wall import WallTime, monotonic_ms
from ingest.gateway.counters import GatewayCounters
from ingest.gateway.decoder import Decoder
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
    monotonic_ms: Callable[[], int] = monotonic_ms
    since_ns: int = field(default_factory=time_ns)
    counters: GatewayCounters = field(default_factory=GatewayCounters)
    on_emptied: Callable[[], None] = lambda: None
    _in_flight: int = 0
    clock: WallTime | SimulatedTime = field(init=False)
    _queue: asyncio.Queue[_InFlight] = field(init=False)
    _session: MqttSession = field(init=False)
    _claims: Claims = field(init=False)
    _end: EndMark = field(default_factory=EndMark)

    def __post_init__(self) -> None:
        self.clock = SimulatedTime(0) if self.settings.simulated_clock else WallTime(self.now_ms, self.monotonic_ms)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then acknowledge what the log takes and leave the rest to the broker's session.

        What the broker queued under the slot's former client ids is received first, and `on_emptied` called once it is
        all in the log. After a failure it may be called again: the broker sends anew what was not acknowledged.
        Raises: domain.errors.Fenced when another process holds the slot now.
        """
        settings = self.settings
        self._claims = Claims(settings.installation_key, settings.name, settings.client_id)
        if settings.simulated_clock:
            self.clock = SimulatedTime(await last_tick_ms(self.log, settings.topics))
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
        self.clock.forget_unwritten()
        self._session = MqttSession(session, self._receive, on_connected)
        halt = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._session.run(halt))
                acknowledging = tasks.create_task(self._acknowledge())
                sweeping = tasks.create_task(self._sweep())
                yield tasks
                halt.set()
                sweeping.cancel()
                self._session.pause()
                self._hand_over(*self._act_on(self.decoder.release(everything=True)))
                await self._drain()
                acknowledging.cancel()
        except BaseException:
            await self._session.close()
            raise

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
                pass  # it still counts as one that holds messages
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
            self._hand_over(*self._act_on(self.decoder.release(everything=True)))
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
        self.clock.reconnected()
        self._publish_clock()

    def _receive(self, publishes: list[Publish]) -> None:
        records: list[Outgoing] = []
        pubacks: list[bytes] = []
        count = own = 0
        received_at_ms = self.clock.now_ms()
        decode, low, high = self.decoder.records, _LOW, _HIGH
        own_topics = (self.settings.clock_topic, self.settings.claim_topic, self.settings.end_topic)
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
        """A message of the slot's own: a claim to it, a mark, or the clock, whose tick is returned if it counts."""
        if topic == self.settings.clock_topic:
            return self.clock.count(payload, is_assured=packet_id is not None)
        if topic == self.settings.end_topic:
            self._end.receive(payload)
        else:
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

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_TIMEOUT_S):
                await self._queue.join()
        except TimeoutError:
            _log.warning("stopped before the log took everything; the broker keeps it", messages=self._in_flight)
