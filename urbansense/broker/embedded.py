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
    wanted = _checked(parse_mqtt_url(settings.mqtt_url))
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
    if settings.embedded_broker == "amqtt":
        return None
    binary = find_mosquitto()
    problem = "there is no Mosquitto on the PATH" if binary is None else ""
    if binary is not None:
        try:
            return await stack.enter_async_context(running_mosquitto(binary, folder, wanted))
        except TransientFault as fault:
            problem = str(fault)
    if settings.embedded_broker == "mosquitto":
        raise ConfigurationError(f"URBANSENSE_EMBEDDED_BROKER=mosquitto: {problem}")
    if binary is not None:
        _log.error("Mosquitto does not start; the broker is amqtt in this process", error=problem)
    return None


def find_mosquitto() -> Path | None:
    """The Mosquitto of this machine that can be tied to our life, which takes Linux."""
    if sys.platform != "linux":
        return None
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(_SYSTEM_FOLDERS))
    return Path(found).absolute() if found else None


def _checked(wanted: MqttEndpoint) -> MqttEndpoint:
    """With a port that is free. It lets everybody in, so it must not listen to a network."""
    if wanted.host not in LOOPBACK:
        raise ConfigurationError(
            f"the embedded broker lets everybody in and so listens on loopback only, not on {wanted.host}: "
            "put a Mosquitto there (deploy/mosquitto) and name it with mqtt://"
        )
    if wanted.username or wanted.password:
        raise ConfigurationError("the embedded broker knows no accounts: leave user and password out of the MQTT URL")
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
