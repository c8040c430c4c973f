"""amqtt for a machine without a Mosquitto. It keeps nothing on disk, so it acknowledges what the gateway has taken over.

    publisher ──PUBLISH──▶ broker ──▶ outbox of the gateway ──PUBLISH──▶ gateway ──▶ log
              ◀──PUBACK───────────────────────────────────────◀──PUBACK── (durable)

What amqtt 0.12.1 does itself and is replaced here: it sends a new client retained messages that it did not subscribe to,
marks live messages as retained, keeps no queue for clients without an account, and forgets what is in flight.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import structlog
from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.errors import BrokerError, MQTTError
from amqtt.mqtt.publish import PublishPacket
from amqtt.session import Session

from domain.errors import ConfigurationError, TransientFault
from domain.mqtt import MqttEndpoint
from urbansense.broker.amqtt.connection import Connection, Delivery

_log = structlog.get_logger()
_REFUSED: Final = 0x80
_CONNECT_WITHIN_S: Final = 10.0
_OUTBOX: Final = 100_000
"""Messages that wait for one client. Beyond that the gateway's are not acknowledged, other clients' are dropped."""


class InProcessBroker(Broker):  # type: ignore[misc]
    """MQTT 3.1.1 at QoS 0 and 1; what is published at QoS 2 comes at least once. Shared subscriptions are refused."""

    def __init__(self, endpoint: MqttEndpoint, *, stranded: bool) -> None:
        bind = f"{endpoint.host}:{endpoint.port}"  # of IPv6 without brackets, which amqtt would look up with the name
        super().__init__({"listeners": {"default": {"type": "tcp", "bind": bind}}, "plugins": {}})
        self.endpoint = endpoint
        self._stranded = stranded
        self._keeper: str | None = None
        self._entrusted = asyncio.Event()
        self._full: set[str | None] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Nothing is to be done: amqtt's tasks run by themselves until its context ends."""
        await stop.wait()

    async def check(self) -> str:
        """One line on it. Raises: TransientFault while a Mosquitto's messages lie where nobody reads them."""
        if self._stranded:
            raise TransientFault(
                "a Mosquitto worked in this data folder, and what it acknowledged may still lie in broker/mosquitto.db: "
                "install or mend Mosquitto, or remove that file"
            )
        where = f"{self.endpoint.host}:{self.endpoint.port}"
        return f"amqtt in this process on {where}, MQTT 3.1.1, nothing on disk: it acknowledges what the gateway has"

    async def entrust(self, client_id: str, filters: Sequence[str]) -> None:
        """From now on messages are acknowledged: one for this session when the session has acknowledged it.

        Raises: ConfigurationError where it wants shares, of which amqtt would give it nothing.
        """
        self._keeper = client_id
        connection, session = self.create_offline_session(client_id)
        session.clean_session = False
        self._sessions[client_id] = (session, connection)
        for topic_filter in filters:
            if await self.add_subscription((topic_filter, 1), session) == _REFUSED:
                raise ConfigurationError(
                    "amqtt knows no shared subscriptions: install Mosquitto, or set URBANSENSE_GATEWAY_SLOTS=1"
                )
        self._entrusted.set()

    async def take(self, packet: PublishPacket, acknowledge: Callable[[], None]) -> None:
        """Hand on what a client publishes. Raises: MQTTError, which ends the connection, where the topic is none."""
        await self._entrusted.wait()
        topic, payload, qos = packet.topic_name, bytes(packet.data or b""), packet.qos
        if not topic or "#" in topic or "+" in topic:
            raise MQTTError(f"nothing can be published to {topic!r}")
        acknowledged_by_us = True
        for session, wanted_qos in self._subscribers(topic):
            delivery = Delivery(topic, payload, min(qos, wanted_qos), retain=False)
            if session.client_id == self._keeper and delivery.qos:
                acknowledged_by_us = False
                delivery.taken_over = acknowledge
            self._post(session, delivery)
        if packet.retain_flag:
            await self.retain_message(None, topic, payload, qos)
        if acknowledged_by_us:
            acknowledge()

    def _subscribers(self, topic: str) -> list[tuple[Session, int]]:
        """Each session once, however many of its filters match, at the best quality that it asked for."""
        found: dict[str | None, tuple[Session, int]] = {}
        for topic_filter, subscriptions in self._subscriptions.items():
            if self._matches(topic, topic_filter):
                for session, qos in subscriptions:
                    _, best = found.get(session.client_id, (session, 0))
                    found[session.client_id] = session, max(best, qos)
        return list(found.values())

    def _post(self, session: Session, delivery: Delivery) -> None:
        connection = self._get_handler(session)
        if (not delivery.qos or session.clean_session) and not getattr(connection, "is_open", False):
            return
        waiting = session.retained_messages.qsize()
        if waiting < _OUTBOX // 2:
            self._full.discard(session.client_id)
        if waiting < _OUTBOX:
            session.retained_messages.put_nowait(delivery)
        elif session.client_id not in self._full:
            self._full.add(session.client_id)
            name = "the gateway" if session.client_id == self._keeper else session.client_id
            _log.error("the embedded broker's queue for a client is full", client=name, messages=_OUTBOX)

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> tuple[Connection, Session]:
        try:
            async with asyncio.timeout(_CONNECT_WITHIN_S):
                _, session = await super()._initialize_client_session(reader, writer, remote_address, remote_port)
        except Exception as error:  # whatever amqtt stumbles over in bytes of strangers
            await writer.close()
            raise MQTTError("no CONNECT that can be answered") from error
        return Connection(self.plugins_manager, self.take), session

    async def _authenticate(self, session: Session, _: Any) -> bool:
        """Everybody on this machine."""
        return True

    async def _delete_session(self, client_id: str) -> None:
        """A client that begins anew ends its former connection as well. The gateway's session is never deleted."""
        session, connection = self._sessions.get(client_id, (None, None))
        if client_id == self._keeper and session is not None:
            raise MQTTError("the gateway's session is kept")
        await super()._delete_session(client_id)
        if connection is not None:
            await connection.handle_connection_closed()

    async def _handle_disconnect(self, client_session: Session, handler: Any, disconnect_waiter: Any) -> None:
        """A connection that was taken over by another does not end the session."""
        if disconnect_waiter.result() is None and client_session.will_flag:
            await self._publish_will(client_session)
        await self._stop_handler(handler)
        if self._get_handler(client_session) is handler and client_session.transitions.is_connected():
            client_session.transitions.disconnect()

    async def _publish_will(self, session: Session) -> None:
        will = PublishPacket.build(
            session.will_topic, bytes(session.will_message or b""), None, False, session.will_qos, session.will_retain
        )
        await self.take(will, lambda: None)

    async def _handle_subscription(self, client_session: Session, handler: Any, subscribe_waiter: Any) -> None:
        """Retained messages go to who subscribes, of what he subscribes to, and only then are they marked as such."""
        asked = subscribe_waiter.result()
        granted = [await self.add_subscription(one, client_session) for one in asked.topics]
        await handler.mqtt_acknowledge_subscription(asked.packet_id, granted)
        for (topic_filter, _), qos in zip(asked.topics, granted, strict=True):
            for topic, kept in list(self._retained_messages.items()) if qos != _REFUSED else ():
                if self._matches(topic, topic_filter):
                    self._post(client_session, Delivery(topic, bytes(kept.data), min(qos, kept.qos or 0), retain=True))

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """The quality that is granted, at most 1. A filter for a share is refused: it would only ever match itself."""
        topic_filter, qos = subscription
        if topic_filter.startswith("$share/"):
            return _REFUSED
        granted: int = await super().add_subscription((topic_filter, min(qos, 1)), session)
        return granted

    async def _publish_session_retained_messages(self, session: Session) -> None:
        """What waited for the session goes out by its connection, as what it is: live."""

    async def _publish_retained_messages_for_subscription(self, subscription: Any, session: Session) -> None:
        """amqtt calls this at each CONNECT with the filters of all clients."""


@asynccontextmanager
async def running_amqtt(wanted: MqttEndpoint, *, stranded: bool) -> AsyncIterator[InProcessBroker]:
    """A broker that listens. Raises: ConfigurationError where it cannot."""
    broker = InProcessBroker(replace(wanted, mqtt5=False), stranded=stranded)
    try:
        await broker.start()
    except BrokerError as error:
        raise ConfigurationError(f"the embedded broker does not start: {error}") from error
    try:
        yield broker
    finally:
        await broker.shutdown()
