"""Keeps the broker's accounts in step with the credentials of record while the process runs that owns the registry."""

import asyncio
import re
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

from device_registry.credentials.broker_control import BrokerControl, CommandRefused
from device_registry.credentials.service import CredentialService
from device_registry.publication.outage import logged_outage
from domain.errors import TransientFault
from domain.retry import pause

_CONNECTED: Final = re.compile(r"(\d+): New client connected from .* \([^()]*, u'([^']+)'\)\.\Z", re.DOTALL)
"""Mosquitto's line; only its end counts, for a client id may hold anything before it."""
_TICK_S: Final = 1.0
_AFTER_CHANGE_S: Final = 2.0
_EVERY_S: Final = 600.0

_log = structlog.get_logger()


def connected_user(line: str) -> tuple[str, int] | None:
    """Who connected and when (epoch ms, whole seconds), where a line of the broker's log reports a connection."""
    found = _CONNECTED.match(line)
    return (found[2], int(found[1]) * 1000) if found else None


class Provisioner:
    """Reconciles on every connection to the broker, within seconds of a change among the devices, and every ten minutes.

    Also ends what has come to its end, and notes uses as far as the broker reports them. `version` moves with the devices.
    """

    def __init__(self, desk: CredentialService, control: BrokerControl, version: Callable[[], int]) -> None:
        self._desk = desk
        self._control = control
        self._version = version
        self._used: dict[str, int] = {}
        self._connected = asyncio.Event()
        self._lost: tuple[str, ...] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; a broker or database that is away is waited for."""
        self._control.on_connected = self._connected.set
        self._control.on_connection_line = self._take_line
        self._control.start()
        outage = logged_outage("provisioning the broker")
        next_sync_s, version = 0.0, -1
        try:
            while not stop.is_set():
                try:
                    await self._note_uses_and_ends()
                    changed = self._version() != version
                    now_s = monotonic()
                    due = (
                        self._connected.is_set()
                        or now_s >= next_sync_s
                        or (changed and now_s >= next_sync_s - _EVERY_S)
                    )
                    if self._control.connected and due:
                        self._connected.clear()
                        version = self._version()
                        await self._sync()
                        next_sync_s = monotonic() + _EVERY_S + max(_AFTER_CHANGE_S, 10 * (monotonic() - now_s))
                    outage.end()
                except (TransientFault, CommandRefused) as fault:
                    self._connected.set()
                    await outage.wait(fault if isinstance(fault, TransientFault) else TransientFault(str(fault)), stop)
                await pause(stop, _TICK_S)
        finally:
            self._control.close()

    async def _sync(self) -> None:
        done = await self._desk.sync()
        if done.commands:
            _log.info("the broker's accounts were brought up to date", commands=done.commands)
        if done.lost and done.lost != self._lost:
            remedy = "give it the file of `devices credentials export`, or rotate them"
            _log.warning("the broker has lost accounts", accounts=len(done.lost), first=done.lost[0], remedy=remedy)
        self._lost = done.lost

    async def _note_uses_and_ends(self) -> None:
        if self._used:
            used, self._used = self._used, {}
            await self._desk.note_use(used)
        for ended in await self._desk.end_due():
            _log.info("a credential has ended", username=ended.username)

    def _take_line(self, line: str) -> None:
        connected = connected_user(line)
        if connected is not None:
            self._used[connected[0]] = connected[1]
