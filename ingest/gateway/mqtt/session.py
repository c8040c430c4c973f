"""One MQTT session of a gateway slot on paho, read many packets at a time inside the event loop.

paho keeps the protocol (CONNECT, subscriptions, keep-alive, our own QoS 1 publishes). Only the two directions that carry
the load are ours: PUBLISH packets are cut from large reads in one pass (paho reads a socket a byte at a time), and
PUBACKs go out joined.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any, Final

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.errors import Fenced
from domain.mqtt import MqttEndpoint
from domain.retry import backoff_s, pause
from ingest.gateway.mqtt.client import FrameClient
from ingest.gateway.mqtt.frames import Publish

_log = structlog.get_logger()
_SESSION_FOR_EVER: Final = 0xFFFFFFFF
_CONNACK_TIMEOUT_S: Final = 10.0
_KEEPALIVE_S: Final = 30
_TAKEN_OVER: Final = 0x8E
_STEADY_S: Final = 10.0
_GOODBYE_S: Final = 5.0
_CONNECTIONS: Final = count(1)
"""Numbers of connections, over all sessions of the process: an acknowledgement never reaches another one's."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How a slot introduces itself. Log lines and errors give its `name`, never its client id.

    `receive_maximum` bounds QoS 1 messages in flight (MQTT 5 only). `former_filters` are given up once `filters` are
    subscribed to, since the broker keeps a session's subscriptions. A session that is not `lasting` ends with its
    connection.
    """

    endpoint: MqttEndpoint
    client_id: str = field(repr=False)
    name: str
    filters: Sequence[str]
    receive_maximum: int = 2000
    former_filters: Sequence[str] = ()
    lasting: bool = True


class MqttSession:
    """A session without expiry that reconnects for ever; messages come to `on_publishes`, in order of receipt.

    Delivery: nothing is acknowledged but by `acknowledge`, which is bound to the connection the messages came on
    (`connection`): after a reconnect the broker sends them again. `subscribed` is set once the broker has the filters.
    """

    def __init__(
        self,
        settings: SessionSettings,
        on_publishes: Callable[[list[Publish]], None],
        on_connected: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.connection = 0
        self.connected = False
        self._on_connected = on_connected
        self._loop = asyncio.get_running_loop()
        self.subscribed = asyncio.Event()
        self._lost = asyncio.Event()
        self._connack: asyncio.Future[None] | None = None
        self._taken_over = False
        self._failure: Exception | None = None
        self._paused = False
        self._reader_fd: int | None = None
        self._writer_fd: int | None = None
        self._client = self._new_client(on_publishes)

    def _new_client(self, on_publishes: Callable[[list[Publish]], None]) -> FrameClient:
        endpoint = self.settings.endpoint
        client = FrameClient(
            CallbackAPIVersion.VERSION2,
            client_id=self.settings.client_id,
            protocol=MQTTv5 if endpoint.mqtt5 else MQTTv311,
            clean_session=None if endpoint.mqtt5 else False,
            manual_ack=True,
        )
        if endpoint.username:
            client.username_pw_set(endpoint.username, endpoint.password)
        if endpoint.tls:
            client.tls_set()
        client.on_publishes = on_publishes
        client.on_connect = self._handle_connack
        client.on_disconnect = self._handle_disconnect
        client.on_subscribe = self._handle_suback
        client.on_socket_close = self._handle_socket_close
        return client

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until `stop` is set.

        Raises: Fenced when another process took this slot over; whatever `on_publishes` raises.
        """
        waits, has_warned = backoff_s(), False
        while not stop.is_set():
            try:
                await self._connect()
            except (OSError, TimeoutError, ConnectionError) as error:
                if not has_warned:
                    _log.warning("MQTT broker does not answer; waiting for it", **self._where(), error=str(error))
                    has_warned = True
                self._drop_socket()
                await pause(stop, next(waits))
                continue
            _log.info("connected to the MQTT broker", **self._where(), slot=self.settings.name)
            connected_at, has_warned = monotonic(), False
            await self._stay(stop)
            if self._failure is not None:
                raise self._failure
            if self._taken_over:
                raise Fenced(f"another process holds the gateway slot {self.settings.name} now")
            if monotonic() - connected_at > _STEADY_S:
                waits = backoff_s()
            if not stop.is_set():
                await pause(stop, next(waits))

    async def _connect(self) -> None:
        endpoint = self.settings.endpoint
        self._lost.clear()
        self._client.forget_unread()
        self._connack = self._loop.create_future()
        if not endpoint.mqtt5:
            await asyncio.to_thread(self._client.connect, endpoint.host, endpoint.port, _KEEPALIVE_S)
        else:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = _SESSION_FOR_EVER if self.settings.lasting else 0
            properties.ReceiveMaximum = self.settings.receive_maximum
            await asyncio.to_thread(
                self._client.connect,
                endpoint.host, endpoint.port, _KEEPALIVE_S, clean_start=False, properties=properties,
            )  # fmt: skip
        sock = self._client.socket()
        if sock is None:
            raise ConnectionError("the connection closed before it was used")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[attr-defined]
        self._reader_fd = sock.fileno()
        self._loop.add_reader(self._reader_fd, self._readable)
        async with asyncio.timeout(_CONNACK_TIMEOUT_S):
            await self._connack

    async def _stay(self, stop: asyncio.Event) -> None:
        while not self._lost.is_set() and not stop.is_set():
            if self._paused:
                self._client.stay_alive_unread()
            self._client.loop_misc()
            self._flush()
            await first_of(self._lost, stop, timeout_s=1.0)

    def acknowledge(self, connection: int, pubacks: bytes) -> None:
        """Send these PUBACKs, unless the connection they belong to is gone."""
        if pubacks and self.connected and connection == self.connection:
            self._client.send_pubacks(pubacks)
            self._flush()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1) -> None:
        """Publish if connected; not kept otherwise."""
        if self.connected:
            self._client.publish(topic, payload, qos=qos, retain=retain)
            self._flush()

    def yield_slot(self) -> None:
        """End: another process has this slot. `run` raises Fenced."""
        self._taken_over = True
        self._lost.set()

    def pause(self) -> None:
        """Stop taking messages from the socket: too much is in flight already."""
        if not self._paused and self._reader_fd is not None:
            self._loop.remove_reader(self._reader_fd)
        self._paused = True

    def resume(self) -> None:
        if self._paused and self._reader_fd is not None:
            self._loop.add_reader(self._reader_fd, self._readable)
        self._paused = False

    async def close(self, *, end_session: bool = False) -> None:
        """Say good-bye; the broker keeps the session's queue unless `end_session` (when the slot is given up for good)."""
        sock = self._client.socket()
        if sock is None:
            return
        properties, kept = None, None
        if end_session and self.settings.endpoint.mqtt5:
            properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = 0
            kept = socket.socket(fileno=os.dup(sock.fileno()))
        self.connected = False
        self._client.disconnect(properties=properties)
        self._flush()
        self._drop_socket()
        if kept is not None:
            await _read_to_end(kept)

    def _where(self) -> dict[str, Any]:
        return {"broker": f"{self.settings.endpoint.host}:{self.settings.endpoint.port}"}

    def _readable(self) -> None:
        try:
            self._client.loop_read()
        except Exception as error:  # of whoever takes the messages; here it would end in the loop's own log, unseen
            self._failure = error
            self._lost.set()
            return
        sock = self._client.socket()
        if sock is not None and self.settings.endpoint.tls and sock.pending():  # type: ignore[attr-defined]
            self._loop.call_soon(self._readable)
        self._flush()

    def _flush(self) -> None:
        """Write what paho still holds, now or when the socket takes it."""
        if self._client.socket() is None:
            return
        if self._client.want_write():
            self._client.loop_write()
        sock = self._client.socket()
        if sock is None:
            return
        if self._client.want_write() and self._writer_fd is None:
            self._writer_fd = sock.fileno()
            self._loop.add_writer(self._writer_fd, self._flush)
        elif not self._client.want_write() and self._writer_fd is not None:
            self._loop.remove_writer(self._writer_fd)
            self._writer_fd = None

    def _handle_connack(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        waiting = self._connack
        if waiting is None or waiting.done():
            return
        if reason.is_failure:
            waiting.set_exception(ConnectionError(f"the broker refused the connection: {reason}"))
            return
        self.connection = next(_CONNECTIONS)
        self.connected = True
        client.subscribe([(topic_filter, 1) for topic_filter in self.settings.filters])
        if self.settings.former_filters:
            client.unsubscribe(list(self.settings.former_filters))
        waiting.set_result(None)
        self._on_connected()

    def _handle_suback(self, client: Client, userdata: Any, mid: int, reasons: list[ReasonCode], *_: Any) -> None:
        for topic_filter, reason in zip(self.settings.filters, reasons, strict=False):
            if reason.is_failure:
                _log.error(
                    "the broker refused a subscription", filter=topic_filter, reason=str(reason), **self._where()
                )
        self.subscribed.set()

    def _handle_disconnect(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._taken_over |= flags.is_disconnect_packet_from_server and reason.value == _TAKEN_OVER
        if self.connected:
            _log.warning("lost the MQTT broker; reconnecting", **self._where(), reason=str(reason))
        self.connected = False
        self._lost.set()
        if self._connack is not None and not self._connack.done():
            self._connack.set_exception(ConnectionError(f"the broker closed the connection: {reason}"))

    def _handle_socket_close(self, client: Client, userdata: Any, sock: Any) -> None:
        if self._reader_fd is not None:
            self._loop.remove_reader(self._reader_fd)
        if self._writer_fd is not None:
            self._loop.remove_writer(self._writer_fd)
        self._reader_fd = self._writer_fd = None

    def _drop_socket(self) -> None:
        self.connected = False
        self._client._sock_close()


async def _read_to_end(sock: socket.socket) -> None:
    """Read what the broker still sends, until it closes the connection, and close it.

    A socket that is closed with bytes unread is reset, and the broker may lose the DISCONNECT before it has read it.
    """
    with sock, contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_GOODBYE_S):
            while await asyncio.get_running_loop().sock_recv(sock, 1 << 16):
                pass


async def first_of(*events: asyncio.Event, timeout_s: float | None = None) -> None:
    """Return when one of the events is set, or after `timeout_s`."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
