"""What the child has in the data folder: its configuration, its database, and a lock that it holds while it lives."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError

CONFIGURATION: Final = "mosquitto.conf"
DATABASE: Final = "mosquitto.db"
_LOCK: Final = "lock"
_LOCK_TIMEOUT_S: Final = 60.0

_TEXT: Final = """\
# Written by urbansense whenever it starts this broker: a change in here does not last.
listener {port} {host}
allow_anonymous true
log_dest stderr
log_timestamp false
log_type error
log_type warning
log_type notice
connection_messages false
{user}
# It saves when it is stopped, and when urbansense dies. Only a crash of its own or of the machine loses what came since.
persistence true
persistence_location ./
autosave_interval 5

# The rest is as in deploy/mosquitto/mosquitto.conf.
max_queued_messages 1000000
max_inflight_messages 0
message_size_limit 2097152
set_tcp_nodelay true
"""


@asynccontextmanager
async def locked(folder: Path) -> AsyncIterator[int]:
    """The descriptor of the folder's lock, made where it is missing; the child inherits it and holds the lock as well.

    A child that a dead process left saving its queue is waited for. Raises: ConfigurationError after a minute of that.
    """
    descriptor = _open_lock(folder)
    try:
        await _lock(descriptor, folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _open_lock(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)


async def _lock(descriptor: int, folder: Path) -> None:
    try:
        async with asyncio.timeout(_LOCK_TIMEOUT_S):
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(0.05)
                else:
                    return
    except TimeoutError:
        raise ConfigurationError(f"a Mosquitto that an earlier urbansense started still works in {folder}") from None


def write_configuration(folder: Path, host: str, port: int) -> None:
    """As root it stays root: the data folder is ours alone, and a change of user would cut it off from our death."""
    text = _TEXT.format(host=host, port=port, user="user root" if os.geteuid() == 0 else "")
    (folder / CONFIGURATION).write_text(text, encoding="utf-8")
