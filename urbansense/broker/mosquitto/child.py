"""One Mosquitto as a child of this process: started, watched, started again when it ends, stopped with us.

open ──▶ lock ──▶ configuration ──▶ launch ──▶ listens ──▶ run: ended? ──▶ log, wait, launch again ──┐
                                                             ▲────────────────────────────────────────┘
close, or our death ──▶ SIGTERM ──▶ it saves its sessions ──▶ ended, and the lock is free
"""

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from domain.errors import TransientFault
from domain.mqtt import MqttEndpoint
from domain.retry import Outage, backoff_s, pause, retried
from urbansense.broker.mosquitto.folder import CONFIGURATION, locked, write_configuration

_log = structlog.get_logger()
_LAUNCH: Final = Path(__file__).with_name("launch.py")
_LISTENS_WITHIN_S: Final = 120.0
_SAVES_WITHIN_S: Final = 60.0
_STEADY_S: Final = 10.0
_LINES_A_MINUTE: Final = 20
_NO_NEWS: Final = ("should not be run as root", "It is recommended to replace")


class MosquittoChild:
    """A broker that serves MQTT 5 and keeps its sessions over a restart, also over kill -9 of this process."""

    def __init__(self, binary: Path, folder: Path, lock: int, endpoint: MqttEndpoint) -> None:
        self.endpoint = endpoint
        self.restarts = 0
        self._binary = binary
        self._folder = folder
        self._lock = lock
        self._listens = False
        self._last_lines: deque[str] = deque(maxlen=3)
        self._process: asyncio.subprocess.Process
        self._relay: asyncio.Task[None]

    async def run(self, stop: asyncio.Event) -> None:
        """Start it again whenever it ends, until `stop`; it goes on serving then, for those who still say good-bye."""
        waits = backoff_s()
        while not stop.is_set():
            since = monotonic()
            await self._ended_or(stop)
            if stop.is_set():
                return
            self.restarts += 1
            _log.error("the embedded broker ended; starting it again", code=self._process.returncode, said=self._said)
            if monotonic() - since > _STEADY_S:
                waits = backoff_s()
            await pause(stop, next(waits))
            outage = Outage(lambda fault: _log.error("the embedded broker does not start; trying on", error=str(fault)))
            with suppress(TransientFault):  # it is raised when `stop` is set
                await retried(self.start, stop, outage)

    async def check(self) -> str:
        """One line on it. Raises: TransientFault while it does not serve."""
        if not self._listens:
            raise TransientFault(f"the embedded broker does not run: {self._said}")
        return f"Mosquitto as a child on {self.endpoint.host}:{self.endpoint.port}, its queues in {self._folder}"

    async def entrust(self, client_id: str, filters: Sequence[str]) -> None:
        """Nothing is to be done: it keeps every session on disk."""

    async def start(self) -> None:
        """Returns once it listens. Raises: TransientFault with its last words where it ends first, or the port is taken."""
        if await _accepts(self.endpoint):
            raise TransientFault(f"somebody else listens on {self.endpoint.host}:{self.endpoint.port}")
        write_configuration(self._folder, self.endpoint.host, self.endpoint.port)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_LAUNCH), str(os.getpid()), str(self._binary), "-c", CONFIGURATION),
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(self._lock,),
            start_new_session=True,
        )  # a session of its own: Ctrl-C is for us, who then stop it last
        self._relay = asyncio.create_task(self._relay_lines(self._process))
        try:
            async with asyncio.timeout(_LISTENS_WITHIN_S):
                while self._process.returncode is None and not self._listens:
                    self._listens = await _accepts(self.endpoint)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self.end()
        if self._process.returncode is not None:
            self._listens = False
            await self._relay
            raise TransientFault(f"{self._binary} ended with {self._process.returncode}: {self._said}")

    async def end(self) -> None:
        """Stop it and wait until it has saved what it holds."""
        self._listens = False
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(_SAVES_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            _log.error("the embedded broker does not end and is killed; what it had not saved is lost")
            self._process.kill()
            await self._process.wait()
        await self._relay

    @property
    def _said(self) -> str:
        return "; ".join(self._last_lines) or "it gave no reason"

    async def _ended_or(self, stop: asyncio.Event) -> None:
        waiting = [asyncio.ensure_future(self._process.wait()), asyncio.ensure_future(stop.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        self._listens = self._process.returncode is None

    async def _relay_lines(self, process: asyncio.subprocess.Process) -> None:
        """Its warnings and errors into our log, at most twenty a minute."""
        assert process.stderr is not None
        self._last_lines.clear()
        minute, count = monotonic(), 0
        async for raw in process.stderr:
            line = raw.decode(errors="replace").strip()
            if any(words in line for words in _NO_NEWS):
                continue
            self._last_lines.append(line)
            if monotonic() - minute > 60:
                minute, count = monotonic(), 0
            count += 1
            if count <= _LINES_A_MINUTE:
                _log.warning("the embedded broker reports", line=line)


@asynccontextmanager
async def running_mosquitto(binary: Path, folder: Path, wanted: MqttEndpoint) -> AsyncIterator[MosquittoChild]:
    """A child that listens where it is wanted; at the end it has saved its sessions.

    Raises: TransientFault where it does not start; ConfigurationError where an earlier one never leaves the folder.
    """
    endpoint = MqttEndpoint(wanted.host, wanted.port, embedded=True)
    async with locked(folder) as lock:
        child = MosquittoChild(binary, folder, lock, endpoint)
        await child.start()
        try:
            yield child
        finally:
            await child.end()


async def _accepts(endpoint: MqttEndpoint) -> bool:
    try:
        _, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    except OSError:
        return False
    writer.close()
    return True
