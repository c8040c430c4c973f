"""Which broker `embedded://` starts: a Mosquitto as a child where this machine has one, else amqtt in this process.

What each keeps and loses is measured in docs/adr/0015-a-mosquitto-of-our-own.md.
"""

import asyncio
import errno
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

import structlog

from domain.errors import ConfigurationError, TransientFault
from domain.mqtt import MqttEndpoint, parse_mqtt_url
from urbansense.broker.amqtt.server import running_amqtt
from urbansense.broker.mosquitto.child import running_mosquitto
from urbansense.broker.mosquitto.folder import DATABASE
from urbansense.configuration.settings import LOOPBACK, Settings

_log = structlog.get_logger()
_PORTS_TO_TRY: Final = 20
_SYSTEM_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin")
_FOLDER: Final = "broker"
_MOSQUITTO: Final = (
    "up starts {binary} for itself, for one machine: its queues outlast a restart and kill -9 of urbansense; "
    "if it crashes itself, or the machine, it loses what it took in the last five seconds"
)
_AMQTT: Final = (
    "up has no Mosquitto and starts amqtt, for trying things out: MQTT 3.1.1 and no queue on disk, "
    "so it acknowledges a message only when the gateway has it in the log"
)


class EmbeddedBroker(Protocol):
    """A service that serves MQTT on loopback to everybody on this machine. It ends with its context, not with `run`."""

    endpoint: MqttEndpoint
    """Where it really listens, and whether it serves MQTT 5."""

    async def run(self, stop: asyncio.Event) -> None: ...

    async def check(self) -> str:
        """One line on it. Raises: TransientFault while it does not serve."""

    async def entrust(self, client_id: str, filters: Sequence[str]) -> None:
        """This session takes over what is published; once, when it is known. Nothing may be acknowledged before."""


@asynccontextmanager
async def open_broker(settings: Settings) -> AsyncIterator[EmbeddedBroker]:
    """The broker that the settings ask for, listening; it ends behind the services that use it.

    Raises: ConfigurationError where it is to listen elsewhere than on loopback, no port is free, or the Mosquitto that is
    asked for cannot be had.
    """
    wanted = _with_free_port(_check_wanted(parse_mqtt_url(settings.mqtt_url)))
    folder = settings.data_dir / _FOLDER
    async with AsyncExitStack() as stack:
        broker: EmbeddedBroker | None = await _mosquitto(settings, wanted, folder, stack)
        if broker is None:
            stranded = (folder / DATABASE).exists()
            broker = await stack.enter_async_context(running_amqtt(wanted, stranded=stranded))
        yield broker


async def _mosquitto(
    settings: Settings, wanted: MqttEndpoint, folder: Path, stack: AsyncExitStack
) -> EmbeddedBroker | None:
    """None where it is not wanted, or only where there is one that starts."""
    binary = find_mosquitto(settings)
    if binary is None:
        return None
    try:
        return await stack.enter_async_context(running_mosquitto(binary, folder, wanted))
    except TransientFault as fault:
        if settings.embedded_broker == "mosquitto":
            raise ConfigurationError(f"the embedded broker does not start: {fault}") from fault
        _log.error("Mosquitto does not start; the embedded broker is amqtt in this process", error=str(fault))
    return None


def describe_broker(settings: Settings) -> str:
    """What these settings start, and what it is for. Raises: ConfigurationError as `open_broker`, but for a taken port."""
    _check_wanted(parse_mqtt_url(settings.mqtt_url))
    binary = find_mosquitto(settings)
    return _AMQTT if binary is None else _MOSQUITTO.format(binary=binary)


def find_mosquitto(settings: Settings) -> Path | None:
    """The Mosquitto of this machine that the settings allow and that can be tied to our life, which takes Linux.

    Raises: ConfigurationError where there is none and the settings insist on one.
    """
    found = _installed() if settings.embedded_broker != "amqtt" else None
    if found is None and settings.embedded_broker == "mosquitto":
        raise ConfigurationError(
            "URBANSENSE_EMBEDDED_BROKER=mosquitto, and there is no Mosquitto on this machine's PATH"
        )
    return found


def _installed() -> Path | None:
    if sys.platform != "linux":
        return None
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(_SYSTEM_FOLDERS))
    return Path(found).absolute() if found else None


def _check_wanted(wanted: MqttEndpoint) -> MqttEndpoint:
    """The same. It lets everybody in, so it must not listen to a network."""
    if wanted.host not in LOOPBACK:
        raise ConfigurationError(
            f"the embedded broker lets everybody in and so listens on loopback only, not on {wanted.host}: "
            "put a Mosquitto there (deploy/mosquitto) and name it with mqtt://"
        )
    if wanted.username or wanted.password:
        raise ConfigurationError("the embedded broker knows no accounts: leave user and password out of the MQTT URL")
    return wanted


def _with_free_port(wanted: MqttEndpoint) -> MqttEndpoint:
    port = free_port_from(wanted.host, wanted.port)
    if port != wanted.port:
        _log.warning("the MQTT port is taken; using another", wanted=wanted.port, used=port)
    return replace(wanted, port=port)


def free_port_from(host: str, wanted: int) -> int:
    """`wanted`, or the next port that can be bound. Raises: ConfigurationError after twenty tries."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wanted, wanted + _PORTS_TO_TRY):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise ConfigurationError(f"cannot listen on {host}: {error}") from error
                continue
            return port
    raise ConfigurationError(f"ports {wanted} to {wanted + _PORTS_TO_TRY - 1} on {host} are all taken")
