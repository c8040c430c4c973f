"""Servers that tests start: as child processes on loopback, ended by their own pid."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class Process:
    """One child process with its log file; `kill` is kill -9, `stop` asks first."""

    def __init__(self, command: Sequence[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.command = list(command)
        self.log = log
        self._env = env
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        return None if self._child is None else self._child.poll()

    def start(self) -> "Process":
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(self.command, stdout=out, stderr=out, env=self._env)
        return self

    def kill(self) -> None:
        self._end(signal.SIGKILL, 10)

    def stop(self, timeout_s: float = 20, ask: signal.Signals = signal.SIGTERM) -> int | None:
        try:
            self._end(ask, timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.returncode

    def _end(self, how: signal.Signals, timeout_s: float) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(how)
        if self._child is not None:
            self._child.wait(timeout_s)

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def wait_until(condition: Callable[[], object], timeout_s: float, what: str, process: Process | None = None) -> None:
    """Return when `condition()` is true; fail with what was awaited (and the process's last words) when it never is."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        words = f"\n{process.tail()}" if process else ""
        if process and not process.running:
            raise AssertionError(f"ended before {what}{words}")
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}{words}")
        time.sleep(0.05)


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
