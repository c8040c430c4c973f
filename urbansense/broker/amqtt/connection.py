"""One client's connection to amqtt, with a delivery of our own.

    socket ──▶ packets, one after the other ──▶ take ──▶ PUBACK or PUBREC, once the message is taken over
    outbox of the session ──▶ a window in flight ──▶ PUBACK of the client ──▶ `taken_over` of the message

amqtt's own delivery (0.12.1) starts a task for each message, and forgets the message when the connection ends or no PUBACK
came within five seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from amqtt.adapters import BufferReader
from amqtt.errors import MQTTError, ProtocolHandlerError
from amqtt.mqtt import packet_class
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader, MQTTPacket
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.pubrel import PubrelPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket
from amqtt.plugins.manager import PluginManager
from amqtt.session import OutgoingApplicationMessage

_WINDOW: Final = 2_000
"""QoS 1 messages in flight to one client; in MQTT 3.1.1 no client can ask for fewer."""

_LARGEST_PACKET: Final = 2_097_152
_KEEPALIVE_GRACE: Final = 1.5
_ACKNOWLEDGEMENT: Final = (b"", b"\x40\x02", b"\x50\x02")
"""By the quality of service of what is acknowledged: nothing, PUBACK, PUBREC."""

_BEST_QOS: Final = len(_ACKNOWLEDGEMENT) - 1
_PUBCOMP: Final = b"\x70\x02"


class Delivery(OutgoingApplicationMessage):  # type: ignore[misc]
    """A message to one client; `taken_over` is called when the client has acknowledged it."""

    __slots__ = ("taken_over",)

    def __init__(
        self, topic: str, payload: bytes, qos: int, *, retain: bool, taken_over: Callable[[], None] | None = None
    ) -> None:
        super().__init__(None, topic, qos, payload, retain)
        self.taken_over = taken_over


Take = Callable[[PublishPacket, Callable[[], None]], Awaitable[None]]
"""Takes what a client publishes; calls its second argument once the client may forget it, or never."""


class Connection(BrokerProtocolHandler):  # type: ignore[misc]
    """What is in flight belongs to the session and is sent again by its next connection, in order."""

    def __init__(self, plugins: PluginManager, take: Take) -> None:
        super().__init__(plugins)
        self.is_open = False
        self._take = take
        self._pumping: asyncio.Task[None] | None = None
        self._window = asyncio.Semaphore(0)

    async def start(self) -> None:
        """As amqtt's. A session that was taken over from another connection counts as connected."""
        if not self.session.transitions.is_connected():
            self.session.transitions.connect()
        self.is_open = True
        self._window = asyncio.Semaphore(max(0, _WINDOW - len(self.session.inflight_out)))
        await super().start()
        self._pumping = asyncio.create_task(self._pump())

    async def stop(self) -> None:
        """As amqtt's."""
        self.is_open = False
        if self._pumping is not None:
            self._pumping.cancel()
        await super().stop()

    async def _retry_deliveries(self) -> None:
        for delivery in list(self.session.inflight_out.values()):
            await self._send_packet(delivery.build_publish_packet(dup=True))

    async def _pump(self) -> None:
        """Send what the session's outbox holds, as far as the window reaches."""
        session = self.session
        while True:
            await self._window.acquire()
            delivery = await session.retained_messages.get()
            if delivery.qos:
                delivery.packet_id = session.next_packet_id
                session.inflight_out[delivery.packet_id] = delivery
            else:
                self._window.release()
            try:
                await self._send_packet(delivery.build_publish_packet())
            except ProtocolHandlerError:  # amqtt's word for cancelled; the next connection sends it again
                return

    async def _reader_loop(self) -> None:
        """Handles packets in order of receipt, until the connection or the client's patience ends."""
        self._reader_ready.set()
        patience_s = self.session.keep_alive * _KEEPALIVE_GRACE or None
        try:
            while (packet := await self._read_packet(patience_s)) is not None and await self._handle(packet):
                pass
        except (MQTTError, asyncio.CancelledError):
            pass
        finally:
            await self.handle_connection_closed()
            self._reader_stopped.set()
            await self.stop()

    async def _read_packet(self, patience_s: float | None) -> MQTTPacket | None:
        """The next one; None where the client sends nothing more, or what cannot be read."""
        try:
            async with asyncio.timeout(patience_s):
                header = await MQTTFixedHeader.from_stream(self.reader)
                if header is None or header.remaining_length > _LARGEST_PACKET:
                    return None
                body = BufferReader(await self.reader.read(header.remaining_length))
            return await packet_class(header).from_stream(body, fixed_header=header)
        except Exception:  # whatever amqtt stumbles over in bytes of strangers
            return None

    async def _handle(self, packet: MQTTPacket) -> bool:
        match packet:
            case PublishPacket() if packet.qos <= _BEST_QOS:
                await self._take(packet, partial(self._acknowledge, packet.qos, packet.packet_id))
            case PubackPacket():
                self._delivered(packet.packet_id)
            case PubrelPacket():
                self._write(_PUBCOMP, packet.packet_id)
            case SubscribePacket():
                await self.handle_subscribe(packet)
            case UnsubscribePacket():
                await self.handle_unsubscribe(packet)
            case PingReqPacket():
                await self.handle_pingreq(packet)
            case DisconnectPacket():
                self.session.will_flag = False  # amqtt may not wait for this packet yet, and see only the end behind it
                await self.handle_disconnect(packet)
            case _:
                return False
        return True

    def _delivered(self, packet_id: int) -> None:
        delivery = self.session.inflight_out.pop(packet_id, None)
        if delivery is not None:
            self._window.release()
            if delivery.taken_over is not None:
                delivery.taken_over()

    def _acknowledge(self, qos: int, packet_id: int | None) -> None:
        """QoS 2 ends at PUBREC: what a client sends again after a lost connection is taken again."""
        if qos and packet_id is not None:
            self._write(_ACKNOWLEDGEMENT[qos], packet_id)

    def _write(self, kind: bytes, packet_id: int) -> None:
        if self.is_open:
            self.writer.write(kind + packet_id.to_bytes(2, "big"))
