"""The MQTT broker in our own process, for the demo and for trying things out: amqtt, MQTT 3.1.1, queues in memory."""

import asyncio
import errno
import logging
import socket

import structlog
from amqtt.broker import Broker

from domain.errors import ConfigurationError
from domain.mqtt import MqttEndpoint

_log = structlog.get_logger()
_PORTS_TO_TRY = 20


def _is_no_missed_puback(record: logging.LogRecord) -> bool:
    """amqtt 0.12 looks out for a PUBACK only after it has sent the PUBLISH, and misses a fast one: five seconds later it
    logs a traceback for a message that was taken. What is really slow stays in its one subscriber's hands, in this process.
    """
    return record.exc_info is None or not isinstance(record.exc_info[1], TimeoutError)


logging.getLogger("amqtt.broker").addFilter(_is_no_missed_puback)


class EmbeddedBroker:
    """Listens on loopback; `endpoint` names the port it really has."""

    def __init__(self, wanted: MqttEndpoint) -> None:
        port = free_port_from(wanted.host, wanted.port)
        if port != wanted.port:
            _log.warning("the MQTT port is taken; using another", wanted=wanted.port, used=port)
        self.endpoint = MqttEndpoint(wanted.host, port, embedded=True)
        self._broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{wanted.host}:{port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )

    async def start(self) -> None:
        await self._broker.start()

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        await self._broker.shutdown()


def free_port_from(host: str, wanted: int) -> int:
    """`wanted`, or the next port that can be bound. Raises: ConfigurationError after twenty tries."""
    for port in range(wanted, wanted + _PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise ConfigurationError(f"cannot listen on {host}: {error}") from error
                continue
            return port
    raise ConfigurationError(f"ports {wanted} to {wanted + _PORTS_TO_TRY - 1} on {host} are all taken")
