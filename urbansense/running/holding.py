"""How a process takes the data folder that it works on: no other opens its files then, and commands find its API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

import structlog

from domain.errors import InUse, TransientFault
from domain.retry import backoff_s, pause
from urbansense.configuration.place import make_data_dir
from urbansense.configuration.presence import Presence, WorksAs, holder_of
from urbansense.configuration.settings import Settings
from urbansense.running.startup import Startup

_HELD_S: Final = 60.0
"""How long another process may hold the folder before this one gives up."""
_log = structlog.get_logger()


@asynccontextmanager
async def held_folder(settings: Settings, stop: asyncio.Event, startup: Startup) -> AsyncIterator[Presence | None]:
    """Inside, the data folder is this process's; None where its files serve several, and another has it.

    A command that works on the folder is waited for, a disk with no room too; `startup` shows what for. Raises: InUse
    where another process keeps it; TransientFault when `stop` is set meanwhile; ConfigurationError.
    """
    make_data_dir(settings)
    presence = await _taken(settings, stop, startup)
    try:
        yield presence
    finally:
        if presence is not None:
            presence.close()


async def _taken(settings: Settings, stop: asyncio.Event, startup: Startup) -> Presence | None:
    began, waits, logged = monotonic(), backoff_s(ceiling_s=2.0), ""
    while True:
        try:
            presence = Presence.take(settings.data_dir, WorksAs.PLATFORM)
            if presence is not None or not settings.serves_one_process():
                return presence
            reason = str(holder_of(settings.data_dir) or f"the data folder {settings.data_dir} was in use until now")
            if monotonic() - began > _HELD_S:
                raise InUse(f"{reason}, and it serves only one: stop that one, or set URBANSENSE_DATA_DIR")
        except TransientFault as full:
            reason = str(full)
        if stop.is_set():
            raise TransientFault(reason)
        startup.wait_for(f"{reason}; waiting for it")
        if not logged:
            logged = reason
            _log.warning("the data folder cannot be taken yet; waiting for it", reason=reason)
        await pause(stop, next(waits))
